#!/usr/bin/env bash
# Builds PetRL against other PETScs and runs the tests there: see usage.
set -uo pipefail

usage() {
  cat <<END
Usage: tests/petsc-versions.sh [--whole] [WHICH ...] [-- ARGUMENTS OF CTEST ...]

WHICH: versions of PETSc ($versions), debian64 (64-bit integers), debian-complex (complex scalars), debian (what the
system has), or "all" (default). Each is had by cmake/get-petsc.sh, built against in build/petsc-WHICH, and tested: the
product's tests; with --whole, and for the system's and the newest version with "all", all tests.
The last lines are a table: which, what was run, ctest's own closing line. Exit status: 0 where all passed.
END
}
versions="3.20.5 3.22.5 3.24.6 3.26.1"
newest=3.26.1

cd "$(dirname "$0")/.."
whole=no
which=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --whole) whole=yes ;;
    --) shift; break ;;
    all | debian | debian64 | debian-complex | 3.*) which+=("$1") ;;
    *) usage >&2; echo "petsc-versions.sh: unknown argument '$1'" >&2; exit 2 ;;
  esac
  shift
done
all=no
if [ ${#which[@]} = 0 ] || [ "${which[*]}" = all ]; then
  all=yes
  # shellcheck disable=SC2206
  which=(debian $versions debian64 debian-complex)
fi

failed=0
table=()
for one in "${which[@]}"; do
  build=$PWD/build/petsc-$one
  label=(-L product)
  said="the product's tests"
  if [ $whole = yes ] || { [ $all = yes ] && { [ "$one" = debian ] || [ "$one" = $newest ]; }; }; then
    label=()
    said="all tests"
  fi
  mkdir -p "$build"
  echo "petsc-versions.sh: $one: $said"
  settings=
  status=0
  # The product needs neither our problems nor libtorch. What an earlier run has chosen in this folder is forgotten.
  options=(-UPETRL_BUILD_PROBLEMS -UPETRL_BUILD_TORCH)
  [ ${#label[@]} = 0 ] || options=(-DPETRL_BUILD_PROBLEMS=OFF -DPETRL_BUILD_TORCH=OFF)
  if [ "$one" != debian ]; then
    settings=$(bash cmake/get-petsc.sh "$one" </dev/null) || status=$?
  fi
  if [ $status = 0 ]; then
    (
      eval "$settings"
      export PETRL_BUILD_DIR=$build PETRL_CMAKE_OPTIONS="${options[*]}"
      exec sh tests/run.sh "${label[@]}" "$@"
    ) || status=$?
  fi
  closing=$(tail -n 400 "$build/ctest.log" 2>/dev/null | grep -E '^[0-9]+% tests passed' | tail -1)
  [ $status = 0 ] || { failed=1; closing="FAILED: ${closing:-not built}"; }
  table+=("$(printf '%-16s %-20s %s' "$one" "$said" "$closing")")
  rm -f "$build/ctest.log"
done
printf '%s\n' "" "${table[@]}"
exit $failed
