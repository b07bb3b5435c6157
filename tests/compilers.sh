#!/bin/sh
# Other compilers than g++ on this machine: clang++ with warnings as errors (all libraries but libpetrl_torch), and g++
# for aarch64 (the kernels of networks and loops, compiled only). Exit status: 0 where both succeed, 2 where one is not
# there (Debian: clang, g++-aarch64-linux-gnu).
set -eu
cd "$(dirname "$0")/.."
cross=${CXX_AARCH64:-aarch64-linux-gnu-g++}
for compiler in clang++ "$cross"; do
  command -v "$compiler" >/dev/null || { echo "compilers.sh: no $compiler" >&2; exit 2; }
done

# PETSc's and MPI's headers are this machine's: what they say of sizes is true there, too. They want its prefetching.
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
: >"$other/xmmintrin.h"
headers=$(pkg-config --cflags-only-I PETSc ompi-c 2>/dev/null || pkg-config --cflags-only-I PETSc)
headers=$(echo "$headers" | sed 's/-I/-isystem /g')
for source in src/policy/native/*.cpp src/base/clones.cpp; do
  echo "compilers.sh: $cross $source"
  # shellcheck disable=SC2086
  "$cross" -std=c++17 -O3 -fno-math-errno -fPIC -fvisibility=hidden -Wall -Wextra -Wshadow -Wpointer-arith -Werror \
    -Isrc -Isrc/include $headers -isystem "$other" -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX -c "$source" -o /dev/null
done

cmake --preset clang
cmake --build --preset clang --parallel 2
