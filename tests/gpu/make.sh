#!/usr/bin/env bash
# Makes the folder that tests PetRL on a GPU: see usage.
set -euo pipefail

usage() {
  cat <<END
Usage: tests/gpu/make.sh FOLDER | FOLDER.tar.xz

A folder that needs nothing but an x86-64 machine with Linux, a Hopper card and NVIDIA's driver (580 or newer): no MPI, no
CUDA, no network. PETSc $petsc with CUDA and without MPI (cmake/get-petsc.sh; 15 minutes the first time), PetRL for it, tests,
benchmark, and run.sh, which runs them and leaves a table.
Needs here: what tests/run.sh needs, nvcc 13, and for a serial HDF5 libhdf5-dev or apt-get.
PETRL_CUDA_ARCH=80 (or 80,90, ...): for other cards; a PETSc that is there is not built again.
END
}
petsc=3.26.1-gpu
arch=${PETRL_CUDA_ARCH:-90}
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
packed=
folder=$1
case $folder in *.tar.xz) packed=$folder; folder=${folder%.tar.xz} ;; esac
[ ! -e "$folder" ] || [ -e "$folder/run.sh" ] || { echo "make.sh: $folder is there and not one of these" >&2; exit 2; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -z "$packed" ] || packed=$(dirname "$folder")/$(basename "$packed")
cd "$(dirname "$0")/../.."
source=$PWD build=$PWD/build/gpu

# --- build ---
# A serial HDF5: PETSc's parallel one needs MPI. Debian's package, unpacked where it is not installed.
if ! pkg-config --exists hdf5-serial; then
  hdf5=$build/hdf5
  if [ ! -e "$hdf5/complete" ]; then
    mkdir -p "$hdf5"
    (cd "$hdf5" && apt-get download libhdf5-dev libhdf5-103-1 && for deb in *.deb; do dpkg -x "$deb" .; done) >&2
    sed -i "s|/usr/|$hdf5/usr/|g" "$hdf5"/usr/lib/*/pkgconfig/hdf5-serial.pc
    touch "$hdf5/complete"
  fi
  PKG_CONFIG_PATH=$(echo "$hdf5"/usr/lib/*/pkgconfig)${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  LD_LIBRARY_PATH=$(echo "$hdf5"/usr/lib/*-linux-gnu)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PKG_CONFIG_PATH LD_LIBRARY_PATH
fi
settings=$(bash cmake/get-petsc.sh $petsc </dev/null)
eval "$settings"
programs="adapt_device_mpi_test bathe_device_mpi_test closure_device_mpi_test closure_step solver_step"
# shellcheck disable=SC2086
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPETRL_WERROR=ON -DPETRL_BUILD_TORCH=OFF \
  "-DCMAKE_CUDA_ARCHITECTURES=${arch//,/;}" ${PETRL_CMAKE_OPTIONS:-} >&2
# shellcheck disable=SC2086
cmake --build "$build" --parallel 2 --target petrl $programs >&2

# --- collect ---
rm -rf "$folder"
mkdir -p "$folder"/{bin,lib/instead,lib/libc,share/petrl/policies}
for program in $programs; do cp "$build/bin/$program" "$folder/bin/"; done
cp "$source"/plugins/petrl/policies/*.h5 "$folder/share/petrl/policies/"
cp "$source/tests/gpu/run.sh" "$source/tests/gpu/README.md" "$source/LICENSE" "$folder/"
cp -L "$build/lib/libpetrl.so.0" "$PETSC_DIR/$PETSC_ARCH/lib"/libpetsc.so.3.?? "$folder/lib/"

# What they need, but for the driver and what stands in for CUDA's libraries; glibc apart: the machine's own is used
# where it is new enough.
instead="libcublas libcusparse libcusolver libcurand"
needed() {
  for file in "$@"; do ldd "$file" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }'; done | sort -u
}
while read -r name path; do
  case $name in
    libpetrl.so* | libpetsc.so* | libcuda.so* | libcublas* | libcusparse* | libcusolver* | libcurand* | libnvJitLink*) ;;
    libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libresolv.so.2) cp -L "$path" "$folder/lib/libc/" ;;
    *) cp -L "$path" "$folder/lib/" ;;
  esac
done < <(needed "$folder"/bin/* "$folder"/lib/*.so*)
cp -L /lib64/ld-linux-x86-64.so.2 "$folder/lib/libc/"
if for file in "$folder"/bin/* "$folder"/lib/*.so*; do ldd "$file"; done | grep 'not found' >&2; then
  echo "make.sh: these libraries are not here" >&2
  exit 1
fi

# Functions of CUDA's libraries that PETSc names and none of our runs needs: they say "not supported".
for library in $instead; do
  soname=$(objdump -p "$folder"/lib/libpetsc.so.* | awk -v l="$library.so" '$1 == "NEEDED" && index($2, l) == 1 { print $2 }')
  [ -n "$soname" ] || continue
  work=$build/instead/$library
  mkdir -p "$work"
  objects=
  if [ "$library" = libcublas ]; then
    codes=()
    for one in ${arch//,/ }; do codes+=(-gencode "arch=compute_$one,code=[sm_$one,compute_$one]"); done
    nvcc -std=c++17 -O3 -Xcompiler=-fPIC "${codes[@]}" -c tests/gpu/level1.cu -o "$work/level1.o"
    objects=$work/level1.o
    nm --defined-only "$objects" | awk '$2 == "T" { print $3 }' | sort >"$work/there"
  else
    : >"$work/there"
  fi
  case $library in libcublas) code=15 ;; libcusparse) code=10 ;; libcusolver) code=9 ;; *) code=204 ;; esac
  nm -D --undefined-only "$folder"/lib/libpetsc.so.* | awk -F'[ @]+' -v s="$soname" '$NF == s { print $(NF - 1) }' |
    sort -u | comm -23 - "$work/there" | sed -E \
      -e 's/^(.*GetError(Name|String))$/const char *\1(int s) { (void)s; return "left out: tests\/gpu\/README.md"; }/' \
      -e "/^const/! s/^(.*)\$/int \1(void) { return $code; }/" >"$work/refused.c"
  gcc -O2 -fPIC -c "$work/refused.c" -o "$work/refused.o"
  echo "$soname { global: cu*; local: *; };" >"$work/exports.map"
  # shellcheck disable=SC2086
  g++ -shared -o "$folder/lib/instead/$soname" "$work/refused.o" $objects -Wl,-soname,"$soname" \
    -Wl,--version-script="$work/exports.map" -L"$(dirname "$(readlink -f "$(command -v nvcc)")")/../lib64" -lcudart \
    -static-libstdc++ -static-libgcc
done

chmod -R u+w "$folder"
strip --strip-unneeded "$folder"/bin/* "$folder"/lib/*.so* "$folder"/lib/instead/*
git describe --always --dirty >"$folder/VERSION" 2>/dev/null || echo unknown >"$folder/VERSION"
du -sm "$folder" | awk '{ print "make.sh: " $1 " MiB in " $2 }'

if [ -n "$packed" ]; then
  tar -C "$(dirname "$folder")" -cJf "$packed" "$(basename "$folder")"
  du -m "$packed" | awk '{ print "make.sh: " $1 " MiB in " $2 }'
fi
