#!/bin/bash
# Improvements of the 1D evolution model one at a time, five seeds each, and the published configuration to convergence:
# trains into runs/ablations (skipping what is there), prints the table and writes results/lamp/ablations.csv.
#   bash tutorials/06-mesh-refinement/ablations/evolution.sh        from the top folder; an hour on one core
set -e
here=$(dirname "$0")
petrl=${PETRL:-build/release/bin/petrl}
mkdir -p runs/ablations
train() {  # configuration, seed
  local out=runs/ablations/$1-$2
  [ -e "$out/done" ] && return
  sed "s/^seed: 1/seed: $2/" "$here/evolution-$1.yaml" > "$out.yaml"
  "$petrl" train "$out.yaml" -o "$out"
  touch "$out/done"
}
for seed in 1 2 3 4 5; do
  for name in published plain parameters ring residual; do train $name $seed; done
done
train converged 1
/usr/bin/python3 "$here/evolution_table.py" runs/ablations "$here/../results/lamp/ablations.csv"
