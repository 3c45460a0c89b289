#!/usr/bin/env bash
# PROGRAM FILTER: runs the benchmarks of a program that the filter names for as short as it goes, and
# fails unless there is one and none reports an error; Google Benchmark itself exits with 0 then.
set -euo pipefail

output=$("$1" --benchmark_filter="$2" --benchmark_min_time=0 --benchmark_color=false)
echo "$output"
if grep -q '^BM_.*ERROR OCCURRED' <<< "$output"; then
  exit 1
fi
grep -q '^BM_' <<< "$output" || { echo "there is no benchmark"; exit 1; }
