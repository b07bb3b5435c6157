#!/usr/bin/env bash
# From a fresh Debian 12 and a clean clone to a PETSc program that knows nothing of PetRL, run under a fixed step, basic,
# dsp, basic with the best solver settings of a grid, and rl: a table and a picture of the steps. About ten minutes on two cores, most of them the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/quickstart
started=$SECONDS

say() { printf '\n[%3d s] %s\n' $((SECONDS - started)) "$*"; }
# Long output goes to a file, which is shown when something goes wrong.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null || { echo "quickstart.sh: failed: $*" >&2; tail -30 "$log" >&2; exit 1; }
}

# Open MPI refuses to run as root unless told so.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
mkdir -p "$out"

say "1/4 packages (cmake/install-deps.sh)"
quietly "$out/packages.log" sh cmake/install-deps.sh

say "2/4 build in build/release (log: $out/build.log)"
quietly "$out/configure.log" cmake --preset release -DPETRL_BUILD_TESTS=OFF
# Not nproc: it follows OMP_NUM_THREADS.
quietly "$out/build.log" cmake --build --preset release --parallel "$(getconf _NPROCESSORS_ONLN)"

say "3/4 an ordinary PETSc program, linked with PETSc only: tests/apps/nonlinear_diffusion_plex.c"
read -ra petsc <<<"$(pkg-config --cflags --libs PETSc)"
mpicc -O2 -o "$out/nonlinear_diffusion" tests/apps/nonlinear_diffusion_plex.c "${petsc[@]}" -lm

say "4/4 run it under four step controllers, and with other settings of its solvers"
policy=()
[ -z "${PETRL_POLICY:-}" ] || policy=(--policy "$PETRL_POLICY")
settings=()
for tolerances in 1e-1 1e-2 1e-3 "1e-1 -ksp_rtol 1e-2" "1e-2 -ksp_rtol 1e-2"; do
  settings+=(--setting "-snes_rtol $tolerances")
done
/usr/bin/python3 tutorials/compare.py --plugin build/release/lib/libpetrl.so "${policy[@]}" "${settings[@]}" --output "$out" \
  --tolerance 1e-7 -- "$out/nonlinear_diffusion" -ts_type bdf -ts_rtol 1e-4 -ts_atol 1e-4

say "done. The option that does it, for your own program:"
echo "  ./app -dll_append $PWD/build/release/lib/libpetrl.so -ts_adapt_type rl"
