#!/usr/bin/env bash
# tools/sweep, killed in the middle of a run and started again: the figures of one that nothing interrupts.
set -euo pipefail

readonly sweep=$1 program=$2 folder=$TEST_TMPDIR/sweeps
mkdir -p "$folder"
cat > "$folder/trials" <<'END'
# a comment
base:
slow: schedule.max_learning_rate=1e-5
END

fail() {
  echo "sweep_test: $*" >&2
  exit 1
}

readonly command=(python3 "$sweep" "$program" "$folder/trials")
readonly recipe=(--device=cpu threads=1 schedule.iterations=40 schedule.warmup_iterations=5
  validation.every_iterations=20 checkpoint.every_iterations=1 model.width=32)

run() {
  local name=$1
  shift
  "${command[@]}" "$folder/$name" "${recipe[@]}" "$@"
}

run whole --seeds=2 > /dev/null
[[ $(wc -l < "$folder/whole/table.md") == 4 ]] || fail "a table of two trials"
grep -q '"status": "trained"' "$folder/whole/slow/seed1/run.json" || fail "the test split was to be left out"
grep -q '±' "$folder/whole/table.md" || fail "no deviation of two seeds"
[[ $(sed -n 3p "$folder/whole/table.md" | cut -d '|' -f 5) != $(sed -n 4p "$folder/whole/table.md" | cut -d '|' -f 5) ]] ||
  fail "two trials with the same accuracy"

"${command[@]}" "$folder/killed" "${recipe[@]}" --seeds=2 > /dev/null &
until compgen -G "$folder/killed/slow/seed0/checkpoints/0000000*" > /dev/null; do
  kill -0 $! 2> /dev/null || fail "came to its end before it was killed"
done
kill -9 $!
wait $! || true
run killed --seeds=2 > /dev/null
grep -q 'resumed after' "$folder/killed/slow/seed0.log" || fail "the killed run began again"
diff "$folder"/{whole,killed}/table.md || fail "other figures after a kill"

# More seeds than before, and the test split.
run killed --seeds=2 --test > /dev/null
grep -q 'test accuracy' "$folder/killed/table.md" || fail "no test accuracy"

echo 'base: model.width=64' > "$folder/trials"
! run killed 2> "$folder/error" || fail "took other overrides for a run that is there"
grep -q 'base/seed0: was started with .* seed=0; name the trial anew' "$folder/error" || fail "$(cat "$folder/error")"
echo 'bad: model.widht=64' > "$folder/trials"
! run killed 2> "$folder/error" || fail "took an override of no field"
grep -q 'tools/sweep: bad: .*widht' "$folder/error" || fail "$(cat "$folder/error")"
echo 'no colon' > "$folder/trials"
! run killed 2> "$folder/error" || fail "took a trial without a name"
grep -q 'trials:1: begin with a name' "$folder/error" || fail "$(cat "$folder/error")"
