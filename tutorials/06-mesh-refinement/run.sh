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

# LAMP in one dimension (the data set is made on first use, in runs/ below the working folder; a minute or two), and on
# triangulations (a minute).
cd "$root"
for study in lamp lamp2d; do
  if [ ! -f "$out/results/$study/table.csv" ]; then
    echo "== $study"
    "$petrl" evaluate "$here/$study-evaluate.yaml" -o "$out/out/$study"
    mkdir -p "$out/results/$study"
    /usr/bin/python3 "$here/../table.py" "$out/out/$study" -o "$out/results/$study" | tee "$out/results/$study/table.txt"
    cp "$out/out/$study/runs.csv" "$out/results/$study/"
  fi
  fields=$out/out/$study/fields.h5
  [ -f "$fields" ] || fields=
  /usr/bin/python3 "$here/${study}_plots.py" "$out/results" "$out/pictures" ${fields:+"$fields"}
done

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
