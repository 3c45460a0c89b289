#!/usr/bin/env bash
# symbols_test.sh must fail when nm printed little or nothing, when a foreign symbol appears, and when a
# known one has gone. A stand-in for nm prints what the library would hold.
set -euo pipefail

readonly test=$PWD/$1 scratch=$TEST_TMPDIR
PATH=$scratch:$PATH

printf '#!/bin/sh\ncat "%s/symbols"\n' "$scratch" > "$scratch/nm"
chmod +x "$scratch/nm"
seq --format='_ZN2at4op%.0fEv T' 20000 > "$scratch/ours"
seq --format='_ZN6google8protobuf5Arena18CreateMaybeMessageIN10onnx_torch%.0fE T' 46 > "$scratch/known"

expect_failure() {
  local message=$1 output
  if output=$("$test" library); then
    echo "passed, but should have said: $message"
    exit 1
  fi
  if ! grep -qF -- "$message" <<< "$output"; then
    echo "the failure does not mention '$message': $output"
    exit 1
  fi
}

cat "$scratch/ours" "$scratch/known" > "$scratch/symbols"
"$test" library

: > "$scratch/symbols"
expect_failure "can't be libtorch"

{ cat "$scratch/ours" "$scratch/known"; echo '_ZN4absl12lts_202206236StatusC1Ev T'; } > "$scratch/symbols"
expect_failure "absl::lts_20220623::Status::Status()"

{ cat "$scratch/ours"; head -n 45 "$scratch/known"; } > "$scratch/symbols"
expect_failure "45 known symbols instead of 46"
