#!/usr/bin/env bash
# Trains a controller, compares it with PETSc's own, draws two pictures. Needs the build of tutorials/quickstart.sh (or
# PETRL_BUILD=another one). Cut off and started again, the training goes on where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
build=$(cd "${PETRL_BUILD:-../../build/release}" && pwd) || { echo "run.sh: first run tutorials/quickstart.sh" >&2; exit 1; }
petrl=$build/bin/petrl
[ -x "$petrl" ] || { echo "run.sh: no $petrl; first run tutorials/quickstart.sh" >&2; exit 1; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1

"$petrl" train config.yaml -o out/train
"$petrl" info out/train/best.h5
"$petrl" evaluate evaluate.yaml -o out/evaluation
/usr/bin/python3 ../table.py out/evaluation
/usr/bin/python3 plot.py out
