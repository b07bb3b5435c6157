#!/usr/bin/env bash
# Time per step and memory from 25 x 25 to 1024 x 1024 cells, on 1 and 2 ranks: scale.sh PETRL OUT.csv [CELLS PER SIDE ...]
# Ten steps of h = 0.5 s without error estimate from t = 4 s on would differ between meshes; the first ten do not.
set -euo pipefail
petrl=$1 out=$2
sizes=${*:3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1
echo "cells_per_side,ranks,damping,steps,newton,linear,seconds_per_step,memory_GB" > "$out"
for n in ${sizes:-25 50 100 200 400 512 1024}; do
  end=8; [ "$n" -gt 512 ] && end=3  # six steps are enough
  for ranks in 1 2; do
    for damping in symbol exact; do
      [ "$damping" = exact ] && [ "$n" -gt 100 ] && continue
      cat > "$work/run.yaml" <<Y
scenario: {cells: [$n, $n], damping: $damping, final_time: $end, max_step: 0.5, first_step: 0.5}
controller: "constant:h=0.5"
Y
      best=
      for _ in 1 2 3; do
        text=$(mpirun -n $ranks "$petrl" run "$work/run.yaml" -o "$work/out" -- -memory_view)
        memory=$(echo "$text" | sed -n 's/^Maximum (over computational time) process memory: *total \([0-9.e+]*\).*/\1/p')
        line=$(echo "$text" | grep "sub-steps")
        steps=$(echo "$line" | sed 's/ steps.*//')
        newton=$(echo "$line" | sed 's/.*sub-steps, \([0-9]*\) nonlinear.*/\1/')
        linear=$(echo "$line" | sed 's/.*nonlinear, \([0-9]*\) linear.*/\1/')
        seconds=$(echo "$line" | sed 's/.*; \([0-9.e-]*\) s$/\1/')
        best=$(awk -v a="$seconds" -v b="${best:-1e30}" 'BEGIN { print (a < b) ? a : b }')
        [ "$n" -ge 400 ] && break
      done
      awk -v n="$n" -v r=$ranks -v d=$damping -v s="$steps" -v k="$newton" -v l="$linear" -v t="$best" -v m="$memory" \
        'BEGIN { printf "%s,%s,%s,%s,%s,%s,%.6g,%.3g\n", n, r, d, s, k, l, t / s, m / 1e9 }' | tee -a "$out"
    done
  done
done

[ -n "$sizes" ] && exit
# The dense damping of 50 x 50 cells and the matrix-free one are the same operator.
for limit in 2500 1024; do
  printf 'scenario: {cells: [50, 50], dense_limit: %s}\ncontroller: heuristic\n' $limit > "$work/run.yaml"
  "$petrl" run "$work/run.yaml" -o "$work/out" -- -snes_atol 1e-10 > /dev/null
  slip=$(tail -1 "$work/out/steps.csv" | cut -d, -f11)
  [ $limit = 2500 ] && dense=$slip
done
echo "50 x 50 cells, final mean slip: dense $dense m, matrix-free $slip m" | tee "${out%.csv}_dense.txt"
