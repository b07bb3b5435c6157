#!/usr/bin/env bash
# Everything in README.md, one after the other. Needs the build of tutorials/quickstart.sh (or PETRL_BUILD=another one).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
build=$(cd "${PETRL_BUILD:-../../build/release}" && pwd) || { echo "run.sh: first run tutorials/quickstart.sh" >&2; exit 1; }
plugin=$build/lib/libpetrl.so
[ -f "$plugin" ] || { echo "run.sh: no $plugin; first run tutorials/quickstart.sh" >&2; exit 1; }
# Root and more ranks than cores are refused by Open MPI unless told; idle ranks should not spin.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1
mkdir -p out
step() { printf '\n--- %s\n' "$*"; }
rl=(-dll_append "$plugin" -ts_adapt_type rl)
read -ra petsc <<<"$(pkg-config --cflags --libs PETSc)"

step "an ordinary PETSc program in C, without and with the plugin"
mpicc -O2 -o out/rod rod.c "${petsc[@]}" -lm
out/rod
out/rod "${rl[@]}"
mpiexec -n 2 out/rod "${rl[@]}"

step "what decided, and how often"
out/rod "${rl[@]}" -ts_view | grep -A 12 'TSAdapt Object' | grep -E 'type:|RL:'
step "every decision with what it was based on (the first three)"
out/rod "${rl[@]}" -ts_adapt_rl_monitor >out/decisions.txt
grep -m 3 'TSAdapt rl' out/decisions.txt

step "the same in Python"
/usr/bin/python3 neurons.py
/usr/bin/python3 neurons.py "${rl[@]}"
mpiexec -n 2 /usr/bin/python3 neurons.py "${rl[@]}"

step "is it worth it here? the controllers side by side"
/usr/bin/python3 ../compare.py --plugin "$plugin" --unit s --output out -- out/rod

step "learning while the program runs: the first run is recorded, the others are compared with it"
rm -f out/my.h5*
for run in 1 2 3 4 5 6; do
  out/rod "${rl[@]}" -ts_adapt_rl_train -ts_adapt_rl_save out/my.h5
done
mpiexec -n 2 out/rod "${rl[@]}" -ts_adapt_rl_train -ts_adapt_rl_save out/my.h5
cat out/my.h5.csv
step "using what was learned"
out/rod "${rl[@]}" -ts_adapt_rl_policy out/my.h5
"$build/bin/petrl" info out/my.h5

step "a program that links PetRL and offers its policy an observable of its own"
cmake --install "$build" --prefix "$PWD/out/petrl" >out/install.log
cmake -S observable -B out/observable -DCMAKE_PREFIX_PATH="$PWD/out/petrl" >out/cmake.log 2>&1 || { cat out/cmake.log; exit 1; }
cmake --build out/observable >out/make.log 2>&1 || { cat out/make.log; exit 1; }
rm -f out/kicks.h5*
out/observable/observable -ts_adapt_type basic
out/observable/observable
for run in 1 2 3; do
  out/observable/observable -ts_adapt_rl_train -ts_adapt_rl_save out/kicks.h5
done
"$build/bin/petrl" info out/kicks.h5 | grep kick_phase
