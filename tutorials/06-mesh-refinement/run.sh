#!/usr/bin/env bash
# Where to refine. Usage: run.sh [OUT]
# Tables and pictures with the policies that ship. OUT is this folder by default. What is there already is not made
# again. PETRL names another program, PETRL_POLICIES another folder of policies.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$here}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1

if [ -z "${PETRL:-}" ]; then
  cd "$root"
  sh cmake/install-deps.sh
  cmake --preset release >/dev/null
  cmake --build build/release
fi
petrl=${PETRL:-$root/build/release/bin/petrl}
mkdir -p "$out/results" "$out/out" "$out/pictures"
out=$(cd "$out" && pwd)

# One dimension: LAMP (the data set is made on first use, in runs/ below the working folder; a minute or two).
cd "$root"
if [ ! -f "$out/results/lamp/table.csv" ]; then
  echo "== LAMP"
  "$petrl" evaluate "$here/lamp-evaluate.yaml" -o "$out/out/lamp"
  mkdir -p "$out/results/lamp"
  /usr/bin/python3 "$here/../table.py" "$out/out/lamp" -o "$out/results/lamp" | tee "$out/results/lamp/table.txt"
  cp "$out/out/lamp/runs.csv" "$out/results/lamp/"
fi
fields=$out/out/lamp/fields.h5
[ -f "$fields" ] || fields=
/usr/bin/python3 "$here/lamp_plots.py" "$out/results" "$out/pictures" ${fields:+"$fields"}

# LAMP on triangulations (a minute).
if [ ! -f "$out/results/lamp2d/table.csv" ]; then
  echo "== LAMP on triangulations"
  "$petrl" evaluate "$here/lamp2d-evaluate.yaml" -o "$out/out/lamp2d"
  mkdir -p "$out/results/lamp2d"
  /usr/bin/python3 "$here/../table.py" "$out/out/lamp2d" -o "$out/results/lamp2d" | tee "$out/results/lamp2d/table.txt"
  cp "$out/out/lamp2d/runs.csv" "$out/results/lamp2d/"
fi
fields=$out/out/lamp2d/fields.h5
[ -f "$fields" ] || fields=
/usr/bin/python3 "$here/lamp2d_plots.py" "$out/results" "$out/pictures" ${fields:+"$fields"}

# Poisson's equation on an L (about half an hour).
if [ ! -f "$out/results/poisson/ratios.csv" ]; then
  echo "== Poisson"
  "$petrl" evaluate "$here/poisson-study.yaml" -o "$out/out/poisson"
  mkdir -p "$out/results/poisson"
  /usr/bin/python3 "$here/../table.py" "$out/out/poisson" | tee "$out/results/poisson/table.txt"
  for table in front ratios settings; do cp "$out/out/poisson/$table.csv" "$out/results/poisson/"; done
  grep -v '^train,' "$out/out/poisson/runs.csv" > "$out/results/poisson/runs.csv"
  /usr/bin/python3 "$here/plot_poisson.py" "$out/out/poisson" "$out/pictures/poisson.png"
fi

# Two dimensions: flows on triangles (about 25 minutes on one core; times mean something on a quiet machine only).
# Runs and fields are large and stay in out/, tables go to results/.
if [ ! -f "$out/results/flows.txt" ]; then
  echo "== flows"
  "$petrl" evaluate "$here/flows.yaml" -o "$out/out/flows"
  mkdir -p "$out/results/flows"
  /usr/bin/python3 "$here/../table.py" "$out/out/flows" -o "$out/results/flows" | tee "$out/out/flows.txt"
  cp "$out/out/flows.txt" "$out/results/flows.txt"
fi
fields=$out/out/flows/fields.h5
[ -f "$fields" ] || fields=
/usr/bin/python3 "$here/flow_plots.py" "$out/results" "$out/pictures" ${fields:+"$fields"}
echo "tables: $out/results, pictures: $out/pictures"
