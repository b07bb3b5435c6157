#!/usr/bin/env bash
# Closures of the advection problem beside classical schemes. Usage: run.sh [OUT]  (about 10 minutes on one core)
# Errors, their evolution, actions and costs with the policies that ship; pictures. OUT is this folder by default. What
# is there already is not made again. PETRL_POLICIES names another folder of policies.
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
mkdir -p "$out/results" "$out/out"
out=$(cd "$out" && pwd)

# Fields and errors at every step are large and stay in out/; other runs and tables go to results/.
for study in table bases converged cost general-32 general-128 general-ratio general-dt; do
  [ -f "$out/results/$study.txt" ] && continue
  echo "== $study"
  mkdir -p "$out/results/$study"
  "$petrl" evaluate "$here/$study.yaml" -o "$out/out/$study"
  /usr/bin/python3 "$here/../table.py" "$out/out/$study" -o "$out/results/$study" | tee "$out/out/$study.txt"
  grep -v '^evolution,' "$out/out/$study/runs.csv" > "$out/results/$study/runs.csv"
  cp "$out/out/$study.txt" "$out/results/$study.txt"
done
/usr/bin/python3 "$here/plot.py" "$out/results" "$out/pictures" "$out/out/table/fields.h5"
echo "tables: $out/results, pictures: $out/pictures"
