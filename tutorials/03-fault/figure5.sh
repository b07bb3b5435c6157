#!/usr/bin/env bash
# Figure 5 of the paper, 50 x 50 cells: mean velocity and slip over time, maps of the velocity at t = 8.6 s and of its relative
# error against constant h = 0.05 s. Usage: figure5.sh PETRL ALPHA8.h5 POLICY.h5 OUT PICTURE.png  (a minute)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
petrl=$1 alpha8=$2 policy=$3 out=$4 picture=$5
mkdir -p "$out"
for run in "reference constant:h=0.05" "heuristic heuristic" "alpha8 rl:$alpha8,safeguard=0" "petrl rl:$policy"; do
  cat > "$out/run.yaml" <<Y
scenario: {cells: [50, 50], damping: symbol}
controller: "${run#* }"
snapshots: [8.6]
Y
  "$petrl" run "$out/run.yaml" -o "$out/${run%% *}"
done
/usr/bin/python3 "$here/figure5.py" "$out" "$picture"
