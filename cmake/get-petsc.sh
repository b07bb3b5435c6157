#!/usr/bin/env bash
# A PETSc beside the system's, for builds and tests against other versions, scalars and integers.
set -euo pipefail

usage() {
  cat <<END
Usage: cmake/get-petsc.sh WHICH

WHICH: a version (3.26.1: built from PETSc's source package for pip, without Fortran, optimised; 4 minutes on two cores),
a version with "-gpu" (3.26.1-gpu: with CUDA for compute capability \${PETRL_CUDA_ARCH:-90}, without MPI; 10 minutes),
"debian64" (Debian's with 64-bit integers) or "debian-complex" (Debian's with complex scalars), unpacked, not installed.

Keeps it in \$PETRL_PETSC_CACHE (default: \${XDG_CACHE_HOME:-~/.cache}/petrl-petsc) and prints what to set:

    eval "\$(cmake/get-petsc.sh 3.26.1)" && cmake -S . -B build/petsc-3.26
END
}
refuse() { echo "get-petsc.sh: $*" >&2; exit 2; }

which=${1:-}
case $which in
  -h | --help) usage; exit 0 ;;
  3.[0-9]*.[0-9]* | 3.[0-9]*.[0-9]*-gpu | debian64 | debian-complex) ;;
  *) usage >&2; refuse "found '$which', expected a version such as 3.26.1, debian64 or debian-complex" ;;
esac
cache=${PETRL_PETSC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/petrl-petsc}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/lock"
flock 9  # two at once: the second one finds it made
log=$cache/$which.log

# The folders of shared libraries that a program needs to run with it.
say() {
  echo "export PETSC_DIR='$1' PETSC_ARCH='$2'"
  [ -z "${3:-}" ] || echo "export LD_LIBRARY_PATH='$3'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
}

# build FOLDER ARCH OPTIONS OF CONFIGURE ... (A busy machine is no reason to compile one file at a time: MAKE_LOAD.)
build() {
  local folder=$1 arch=$2 version=${which%-gpu}
  shift 2
  rm -rf "$folder"
  (
    python3 -m pip download --quiet --no-deps --no-binary petsc "petsc==$version" -d "$cache" &&
      mkdir -p "$folder" && tar -xzf "$cache/petsc-$version.tar.gz" -C "$folder" --strip-components=1 && cd "$folder" &&
      env -u PETSC_DIR -u PETSC_ARCH ./configure PETSC_ARCH="$arch" --with-fc=0 --with-debugging=0 --with-x=0 \
        COPTFLAGS=-O2 CXXOPTFLAGS=-O2 "$@" &&
      env -u PETSC_DIR -u PETSC_ARCH make -j"$(getconf _NPROCESSORS_ONLN)" MAKE_LOAD=64 PETSC_DIR="$folder" PETSC_ARCH="$arch"
  ) >"$log" 2>&1 </dev/null
}

from_source() {
  local folder=$cache/petsc-$which arch=arch-petrl gpu=() only=
  # With CUDA where its compiler is: Vecs on the host need no GPU, and what is written for GPUs is compiled.
  if command -v nvcc >/dev/null && [ -z "${PETRL_PETSC_WITHOUT_CUDA:-}" ]; then gpu=(--with-cuda=1 --with-cuda-arch=90); fi
  case $which in *-gpu)
    command -v nvcc >/dev/null || refuse "nvcc, CUDA's compiler, is not in PATH"
    only=yes gpu=(--with-cuda=1 "--with-cuda-arch=${PETRL_CUDA_ARCH:-90}" --with-mpi=0)
  esac
  if [ ! -e "$folder/$arch.complete" ]; then
    echo "get-petsc.sh: building PETSc $which (log: $log)" >&2
    build "$folder" $arch "${gpu[@]}" || {
      [ ${#gpu[@]} -gt 0 ] && [ -z "$only" ] && echo "get-petsc.sh: not with CUDA (log: $log.cuda); once more without" >&2 &&
        mv "$log" "$log.cuda" && build "$folder" $arch
    } || { tail -20 "$log" >&2; refuse "PETSc $which could not be built (log: $log)"; }
    [ -e "$folder/$arch/lib/libpetsc.so" ] || refuse "PETSc $which was built without libpetsc.so (log: $log)"
    rm -rf "$folder/$arch/obj" "$cache/petsc-${which%-gpu}.tar.gz"
    touch "$folder/$arch.complete"
  fi
  say "$folder" $arch
}

# debian NAME-IN-PATHS PACKAGES ...
debian() {
  local name=$1 root=$cache/$which petsc
  shift
  petsc=$root/usr/lib/petscdir/$name
  if [ ! -e "$root.complete" ]; then
    echo "get-petsc.sh: unpacking Debian's $name (log: $log)" >&2
    rm -rf "$root"
    mkdir -p "$root/packages"
    { cd "$root/packages" && apt-get download "$@" && for package in *.deb; do dpkg -x "$package" "$root"; done; } \
      >"$log" 2>&1 </dev/null || { tail -20 "$log" >&2; refuse "Debian's packages could not be had (log: $log)"; }
    # Their headers point to those that are installed with the system's PETSc; pkg-config's files to /usr.
    ln -s /usr/share/petsc "$root/usr/share/petsc"
    sed -i "s|^prefix=/usr|prefix=$root/usr|" "$petsc"/lib/pkgconfig/*.pc
    rm -rf "$root/packages"
    touch "$root.complete"
  fi
  local lib=$root/usr/lib/x86_64-linux-gnu
  say "$petsc" "" "$lib:$lib/blas64:$lib/lapack64"
}

case $which in
  debian64)
    debian petsc64-3.18/x86_64-linux-gnu-real libpetsc64-real3.18 libpetsc64-real3.18-dev libhypre64m-2.26.0 \
      libmumps-64pord-5.5 libblas64-3 liblapack64-3
    # Its PTScotch has 32-bit integers: PETSc's own DMPlexDistribute() crashes with it.
    echo "export PETSC_OPTIONS='-petscpartitioner_type simple'"
    ;;
  debian-complex) debian petsc3.18/x86_64-linux-gnu-complex libpetsc-complex3.18 libpetsc-complex3.18-dev ;;
  *) from_source ;;
esac
