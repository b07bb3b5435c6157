#!/bin/sh
# Installs the packages that are missing (Debian; not with PETRL_INSTALL=no), builds everything with warnings as errors
# and runs all tests; further arguments go to ctest (-R unit, ...).
# The last line is ctest's own: how many passed. Exit status: that of the tests.
set -eu
cd "$(dirname "$0")/.."
build=${PETRL_BUILD_DIR:-build/test}

# Open MPI refuses root and more ranks than cores unless told; spinning thread teams would slow every rank down.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS=1

# Elsewhere cmake says what it does not find.
if [ "${PETRL_INSTALL:-yes}" != no ] && command -v apt-get >/dev/null; then
  sh cmake/install-deps.sh
fi
# shellcheck disable=SC2086
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPETRL_WERROR=ON ${PETRL_CMAKE_OPTIONS:-}
cmake --build "$build" --parallel 2
log="$build/ctest.log"
# "sh" has no pipefail: the status travels through a file.
{
  status=0
  ctest --test-dir "$build" --output-on-failure -j2 "$@" 2>&1 </dev/null || status=$?
  echo "$status" > "$build/ctest.status"
} | tee "$log"
read -r status < "$build/ctest.status"
grep -E '^[0-9]+% tests passed' "$log" | tail -1
exit "$status"
