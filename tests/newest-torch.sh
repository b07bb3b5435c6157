#!/usr/bin/env bash
# Builds against the newest libtorch (the package "torch" for pip; with CUDA's libraries some 4 GB) and runs the tests
# that need one.
#
#     tests/newest-torch.sh [ARGUMENTS OF CTEST ...]
#
# Keeps it in $PETRL_TORCH_CACHE (default: ${XDG_CACHE_HOME:-~/.cache}/petrl-torch), a Python environment; builds in
# build/newest-torch. Its headers want a compiler for C++20. The last line is ctest's own.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${PETRL_TORCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/petrl-torch}
if ! "$cache/bin/python3" -c 'import torch' 2>/dev/null; then
  python3 -m venv "$cache"
  "$cache/bin/pip" install --quiet torch numpy
fi
read -r version prefix <<<"$("$cache/bin/python3" -c 'import os, torch; print(torch.__version__, os.path.dirname(torch.__file__))')"
echo "newest-torch.sh: torch $version"
# It comes with a Fortran library older than the one that the system's PETSc was built with, and finds NVIDIA's libraries
# by itself in Python only.
mkdir -p "$cache/first"
ln -sf "$(gcc -print-file-name=libgfortran.so.5)" "$cache/first/"
libraries=$cache/first
for folder in "$prefix"/../nvidia/*/lib; do libraries+=:$folder; done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PETRL_BUILD_DIR=$PWD/build/newest-torch PETRL_CMAKE_OPTIONS="-DCMAKE_PREFIX_PATH=$prefix \
  -DCMAKE_EXE_LINKER_FLAGS=-Wl,-rpath-link,$libraries -DCMAKE_SHARED_LINKER_FLAGS=-Wl,-rpath-link,$libraries"
[ $# -gt 0 ] || set -- -R torch
exec sh tests/run.sh "$@"
