#!/usr/bin/env bash
# Does cmake/debian make packages that work? See usage.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/debian-package.sh [--product] [--unpack] [FOLDER]

Builds Debian packages of HEAD with dpkg-buildpackage and cmake/debian, in a temporary folder, installs them (root; they
are removed at the end) or unpacks them (--unpack, or not root), and uses them: an unmodified program with -dll_append,
pkg-config, the command petrl. FOLDER keeps the packages.
--product: without libpetrl_problems (the build profile pkg.petrl.product): half the time.
Exit status: 0 where all works, 2 where nothing could be run.
END
}
refuse() { echo "debian-package.sh: $*" >&2; exit 2; }

profiles= unpack= keep=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --product) profiles=pkg.petrl.product ;;
    --unpack) unpack=yes ;;
    -*) refuse "unknown option '$1' (--help tells more)" ;;
    *) keep=$1 ;;
  esac
  shift
done
source=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
root=$([ "$(id -u)" = 0 ] && echo yes || echo no)
[ $root = yes ] || unpack=yes
command -v dpkg >/dev/null || refuse "this is no Debian"
missing=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' debhelper dpkg-dev fakeroot libcli11-dev petsc-dev \
  libhdf5-openmpi-dev libyaml-cpp-dev libopenmpi-dev 2>&1 | grep -v '^installed' || true)
if [ -n "$missing" ]; then
  [ $root = yes ] || refuse "not root, and not installed: $missing"
  sh "$source/cmake/install-deps.sh"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debhelper dpkg-dev fakeroot </dev/null
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/petrl-debian-XXXXXX")
installed=()
clean_up() {
  [ ${#installed[@]} = 0 ] || dpkg --purge "${installed[@]}" >/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mkdir "$work/petrl"
git -C "$source" archive HEAD | tar -x -C "$work/petrl"
mv "$work/petrl/cmake/debian" "$work/petrl/debian"
cd "$work/petrl"
echo "debian-package.sh: building"
DEB_BUILD_PROFILES=$profiles DEB_BUILD_OPTIONS="parallel=$(getconf _NPROCESSORS_ONLN) noautodbgsym" DEB_CFLAGS_STRIP=-g DEB_CXXFLAGS_STRIP=-g \
  dpkg-buildpackage -us -uc -b ${profiles:+-P$profiles} >"$work/log" 2>&1 </dev/null ||
  { [ -z "$keep" ] || { mkdir -p "$keep" && cp "$work/log" "$keep"; }; tail -30 "$work/log" >&2; exit 1; }
cd "$work"
[ -z "$keep" ] || { mkdir -p "$keep" && cp ./*.deb log "$keep"; }
for package in ./*.deb; do
  echo "debian-package.sh: $package"
  dpkg-deb -c "$package" | awk '$6 !~ /\/$/ {print "   " $6}'
done

where=
if [ -z "$unpack" ]; then
  for package in ./*.deb; do installed+=("$(dpkg-deb -f "$package" Package)"); done
  dpkg -i ./*.deb >/dev/null
else
  where=$work/system
  for package in ./*.deb; do dpkg -x "$package" "$where"; done
  export LD_LIBRARY_PATH=$where/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
fi
lib=$where/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1
says() {  # TEXT COMMAND ...
  local text=$1 output
  shift
  output=$("$@" 2>&1 </dev/null) || { echo "debian-package.sh: FAILED: $*" >&2; echo "$output" >&2; exit 1; }
  grep -q "$text" <<<"$output" || { echo "debian-package.sh: no '$text' from: $*" >&2; echo "$output" >&2; exit 1; }
  echo "debian-package.sh: works: $*"
}
# shellcheck disable=SC2046
mpicc "$source/tests/plugin/plain_app.c" -o plain_app $(pkg-config --cflags --libs PETSc) -lm
for name in libpetrl.so libpetrl.so.0; do
  says "RL: policy default, backend native" ./plain_app -dll_append "$lib/$name" -ts_adapt_type rl -ts_view -tf 1
done
says "RL: policy default" mpiexec -n 2 ./plain_app -dll_append "$lib/libpetrl.so" -ts_adapt_type rl -ts_view -tf 1
export PKG_CONFIG_PATH=$lib/pkgconfig
# shellcheck disable=SC2046
mpicxx -std=c++17 "$source/tests/consumer/program.cpp" -o program $(pkg-config --cflags --libs petrl)
says "rl: it decides" ./program
says tsadapt "$where/usr/bin/petrl" info default.h5
echo "debian-package.sh: all works"
