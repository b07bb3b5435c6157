#!/usr/bin/env bash
# The paper's study of the seismic fault and what PetRL makes of it. Usage: run.sh [OUT]  (about 25 minutes on 2 cores)
# Trains the paper's policies (alpha 2, 4, 8, 16; transfer learning), runs its grid beside the policy that ships and the
# rivals, held-out scenarios, scaling, and draws the pictures. What is there already is not made again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$here/out}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1

cd "$root"
if [ -z "${PETRL:-}" ]; then
  sh cmake/install-deps.sh
  cmake --preset release >/dev/null
  cmake --build build/release
fi
petrl=${PETRL:-$root/build/release/bin/petrl}
policy=${POLICY:-$root/plugins/petrl/policies/fault.h5}
mkdir -p "$out/config" "$out/results/training"
out=$(cd "$out" && pwd)

fill() { sed -e "s|OUT|$out|g" -e "s|POLICY|$policy|g" -e "s|DEFAULT|$root/plugins/petrl/policies/default.h5|g" "$here/$1" > "$out/config/$1"; }

# The paper's trainings, two at a time: a minute each, transfer learning some minutes.
train() { "$petrl" train "$1" -o "$out/$2" > "$out/$2.log" 2>&1 || { tail -5 "$out/$2.log" >&2; exit 1; }; }
echo "training alpha = 2, 4, 8, 16 on one element ..."
train "$here/paper_alpha2.yaml" alpha2 & train "$here/paper_alpha4.yaml" alpha4; wait $!
train "$here/paper_alpha8.yaml" alpha8 & train "$here/paper_alpha16.yaml" alpha16; wait $!
echo "transfer learning on 30 x 30 elements, and appendix A: there from scratch ..."
fill transfer.yaml
train "$here/appendix.yaml" appendix & train "$out/config/transfer.yaml" transfer; wait $!
for name in alpha2 alpha4 alpha8 alpha16 transfer appendix; do cp "$out/$name/log.csv" "$out/results/training/${name}_log.csv"; done
cp "$root/plugins/petrl/policies/fault_log.csv" "$out/results/training/petrl_log.csv"

for study in tuning grid heldout random grid_exact; do
  [ -f "$out/results/$study/summary.csv" ] && continue
  echo "== $study"
  fill $study.yaml
  "$petrl" evaluate "$out/config/$study.yaml" -o "$out/results/$study"
  /usr/bin/python3 "$here/../table.py" "$out/results/$study" | tee "$out/results/$study.txt"
done

[ -f "$out/pictures/history.png" ] || { mkdir -p "$out/pictures"; \
  bash "$here/figure5.sh" "$petrl" "$out/alpha8/last.h5" "$policy" "$out/figure5" "$out/pictures/history.png"; }
[ -f "$out/results/scale.csv" ] || bash "$here/scale.sh" "$petrl" "$out/results/scale.csv"
/usr/bin/python3 "$here/table.py" "$out/results" | tee "$out/results/tables.md"
/usr/bin/python3 "$here/plot.py" "$out/results" "$out/pictures"
echo "tables: $out/results, pictures: $out/pictures"
