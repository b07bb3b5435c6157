#!/usr/bin/env bash
# Tests and times PetRL on this machine's GPU, from a folder that tests/gpu/make.sh made: see usage.
set -uo pipefail

usage() {
  cat <<END
Usage: run.sh [--emulated] [-o FOLDER]

On a GPU and on the host: are the answers the same, how long do a closure's step and steps of solvers take, what is
copied? Less than six minutes; FOLDER (petrl-gpu-results) then holds table.txt and table.csv, and what the programs printed.
--emulated: the same without a GPU, on memory that the host may not touch; small, and nothing is timed.
Exit status: 0 where all answers are the same.
END
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
device=cuda out=petrl-gpu-results
while [ $# -gt 0 ]; do
  case $1 in
    --emulated) device=emulated ;;
    -o) out=${2:?-o needs a folder}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
mkdir -p "$out" && cd "$out" || exit 2
rm -f table.* ./*.log
cores=$(env -u OMP_NUM_THREADS nproc)
export OMP_NUM_THREADS=1 PETRL_TEST_DEVICE=$device PETRL_POLICIES=$here/share/petrl/policies
start=$SECONDS

# --- how programs are started here ---
libraries=$here/lib
cuda="stand-ins (level1.cu)"
if ldconfig -p 2>/dev/null | grep -q 'libcublas\.so\.13' && ldconfig -p | grep -q 'libcusparse\.so\.12'; then
  cuda="the machine's CUDA"
else
  libraries=$libraries:$here/lib/instead
fi
loader=()
libc="the machine's"
if ! LD_LIBRARY_PATH=$libraries "$here/bin/closure_step" -count 1,1 >/dev/null 2>start.log; then
  # Its C library is older than ours, or another one: then with ours. The driver is where the loader finds it.
  driver=$(ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1 .*x86-64/ { print $NF; exit }')
  for place in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/nvidia/lib64; do
    [ -n "$driver" ] || [ ! -e $place/libcuda.so.1 ] || driver=$place/libcuda.so.1
  done
  libc="the folder's"
  libraries=$libraries:$here/lib/libc${driver:+:$(dirname "$driver")}
  loader=("$here/lib/libc/ld-linux-x86-64.so.2" --library-path "$libraries")
  "${loader[@]}" "$here/bin/closure_step" -count 1,1 >/dev/null 2>>start.log || {
    cat start.log >&2
    echo "run.sh: the programs do not start here" >&2
    exit 1
  }
fi
# go SECONDS PROGRAM ARGUMENTS ...
go() {
  local limit=$1 program=$here/bin/$2
  shift 2
  if [ ${#loader[@]} -gt 0 ]; then
    timeout "$limit" "${loader[@]}" "$program" "$@"
  else
    timeout "$limit" env LD_LIBRARY_PATH="$libraries" "$program" "$@"
  fi
}

# --- what runs here ---
card=none
if [ $device = cuda ]; then
  card=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -1)
  [ -n "$card" ] || card=$(sed -n 's/^Model:[[:space:]]*//p' /proc/driver/nvidia/gpus/*/information 2>/dev/null | head -1)
  [ -n "$card" ] || { echo "run.sh: there is no GPU, or no driver of NVIDIA's (--emulated runs without)" >&2; exit 1; }
fi
processor=$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)
{
  echo "PetRL $(cat "$here/VERSION"), $(date -u +%Y-%m-%d)"
  echo "device: $device; card: $card"
  echo "host: $processor, $cores cores"
  echo "cuBLAS and its like: $cuda; C library: $libc"
} | tee machine.log

# --- the same answers ---
failed=0
echo "part,apart,allowed,same" >same.csv
# test_program LOG NOTE PROGRAM ARGUMENTS ...
test_program() {
  local log=$1.log note=$2
  shift 2
  go 90 "$@" >"$log" 2>&1
  local status=$?
  # A part that is not there at all shows, too: by the status.
  sed -nE 's/^\[   SAME   \] (.*): ([^ ]+) apart, ([^ ]+) allowed$/\1|\2|\3/p' "$log" |
    awk -F'|' -v note="$note" '{ gsub(/"/, ""); print "\"" $1 note "\"," $2 "," $3 "," ($2 + 0 <= $3 + 0 && $2 !~ /inf|nan/ ? "yes" : "NO") }' >>same.csv
  grep -E '^\[       OK \]|^\[  FAILED  \] .*\(|^\[  SKIPPED \] .*\(' "$log" |
    sed -E 's/^\[ *(OK|FAILED|SKIPPED) *\] ([^ ]+) \(.*/"test \2'"$note"'",,,\1/; s/,OK$/,yes/; s/,FAILED$/,NO/; s/,SKIPPED$/,left out/' >>same.csv
  [ $status = 0 ] || { failed=1; echo "\"$(basename "$log" .log): exit status $status\",,,NO" >>same.csv; tail -20 "$log" >&2; }
}
test_program closures '' closure_device_mpi_test
# (Both are on the device then: what is copied is right.)
test_program closures_copied ' (host Vecs beside device Vecs, both on the device)' closure_device_mpi_test '--gtest_filter=*Answers*:*Mixed*' -petrl_memtype device
test_program step_control '' adapt_device_mpi_test
test_program friction '' bathe_device_mpi_test

# --- the closure's step ---
sizes=()
[ $device = cuda ] || sizes=(-sizes_2d "16,32,48,64" -sizes_3d "8,10,12,16")
go 170 closure_step "${sizes[@]}" >step.log 2>step.err || { failed=1; tail -20 step.err >&2; }
grep -v '^#' step.log >step.csv
bandwidth=$(sed -n 's/^# //p' step.log)
[ $device = cuda ] || bandwidth="nothing was timed: the device is emulated"

# --- the solvers' steps ---
sizes=()
[ $device = cuda ] || sizes=(-sizes_grid "16,32,48,64" -sizes_mesh "4,8,12,16")
go 80 solver_step "${sizes[@]}" >solver.csv 2>solver.err || { failed=1; tail -20 solver.err >&2; }

# All cores: without MPI there is one process a program, so as many independent ones as there are cores, on a grid each.
: >cores.csv
if [ $device = cuda ]; then
  memory=$(awk '/MemAvailable/ { print int($2 / 2e6) }' /proc/meminfo)  # 2 GB each
  copies=$((cores < memory ? cores : memory))
  for k in $(seq "$copies"); do
    go 60 closure_step -host -sizes_2d 2048 -sizes_3d 128 -seconds 2 >"core$k.log" 2>&1 &
  done
  wait
  echo "case,points each,processes,ms a step (mean of all),host points a second (all),device points a second,times faster" >cores.csv
  cat core*.log | grep '^"' | awk -F'"' '{ split($3, f, ","); print $2 "|" f[3] "|" f[7] }' | sort >cores.tmp
  awk -F'"' 'FNR == NR { split($3, f, ","); if (f[2] == 2048 || f[2] == 128) device[$2] = f[3] / f[8] * 1e3; next }
             { split($0, f, "|"); n[f[1]]++; ms[f[1]] += f[3]; rate[f[1]] += f[2] / f[3] * 1e3; points[f[1]] = f[2] }
             END { for (c in n) printf "\"%s\",%d,%d,%.4g,%.4g,%.4g,%.3g\n", c, points[c], n[c], ms[c] / n[c], rate[c], device[c],
                                       device[c] / rate[c] }' step.csv cores.tmp | sort >>cores.csv
fi
go 20 closure_step -count 4800,60 >count.csv 2>>start.log

# --- one table ---
align() {
  awk '{ n = 0; s = $0; row = ""
         while (length(s)) {
           if (substr(s, 1, 1) == "\"") { s = substr(s, 2); i = index(s, "\""); f = substr(s, 1, i - 1); s = substr(s, i + 1); sub(/^,/, "", s) }
           else { i = index(s, ","); if (i) { f = substr(s, 1, i - 1); s = substr(s, i + 1) } else { f = s; s = "" } }
           cell[NR, ++n] = f; if (length(f) > width[n]) width[n] = length(f); }
         cells[NR] = n }
       END { for (r = 1; r <= NR; r++) { line = ""
               for (k = 1; k <= cells[r]; k++) line = line sprintf("%-" width[k] "s  ", cell[r, k]);
               sub(/ +$/, "", line); print line } }' "$1"
}
for file in same step solver cores count; do
  case $file in
    same) title="The same answers on the device and on the host" ;;
    step) title="A closure's step: device and one core ($bandwidth)" ;;
    solver) title="Steps of our solvers: device and one core" ;;
    cores) title="The same code as independent processes, one a core (no MPI here: one process a grid)" ;;
    count) title="At 4096 x 4096 (or as many) points: what must be done, and how long 4800 GB/s and 60 TFLOP/s take for it" ;;
  esac
  [ -s $file.csv ] || continue
  { echo; echo "## $title"; echo; align $file.csv; } >>table.txt
  { echo "# $title"; cat $file.csv; } >>table.csv
done
! grep -q ',NO$' same.csv step.csv solver.csv || failed=1
{ cat machine.log table.txt; echo; } >table.tmp && mv table.tmp table.txt
echo "$((SECONDS - start)) s; $([ $failed = 0 ] && echo "all answers are the same" || echo "FAILED: not all answers are the same, see above and the logs")" >>table.txt
rm -f cores.tmp core[0-9]*.log
cat table.txt
exit $failed
