#!/usr/bin/env bash
# symbols_test.sh must fail when nm printed little or nothing, when a symbol is libtorch's too, and when a
# foreign one appears. A stand-in for nm prints what the library would hold.
set -euo pipefail

readonly test=$PWD/$1 scratch=$TEST_TMPDIR
PATH=$scratch:$PATH

# Its last argument is the library.
printf '#!/bin/sh\nfor name; do :; done\ncat "%s/$name"\n' "$scratch" > "$scratch/nm"
chmod +x "$scratch/nm"
seq --format='_ZN2at4op%.0fEv T' 20000 > "$scratch/torch"
seq --format='_ZN5arrow2f%.0fEv T' 6000 > "$scratch/arrow"
seq --format='_ZN7parquet2f%.0fEv T' 6000 > "$scratch/good"
readonly of_the_language='_ZTISt18bad_variant_access V'
echo "$of_the_language" | tee --append "$scratch/torch" "$scratch/good" > "$scratch/few"

expect_failure() {
  local message=$1 output
  shift
  if output=$("$test" "$@" 2>&1); then
    echo "passed, but should have said: $message"
    exit 1
  fi
  if ! grep -qF -- "$message" <<< "$output"; then
    echo "the failure does not mention '$message': $output"
    exit 1
  fi
}

"$test" torch arrow good

expect_failure "can't be the library" few arrow good
expect_failure "can't be the library" torch arrow few
expect_failure "expected two libraries, got 1" torch arrow

{ cat "$scratch/good"; echo '_ZN2at4op17Ev W'; } > "$scratch/shared"
expect_failure "at::op17()" torch arrow shared

{ cat "$scratch/good"; echo '_ZN4absl12lts_202206236StatusC1Ev T'; } > "$scratch/foreign"
expect_failure "absl::lts_20220623::Status::Status()" torch arrow foreign
