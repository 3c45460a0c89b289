#!/usr/bin/env bash
# The dependency test must fail on the fixture, naming the library that is reached, and must not pass
# where nothing was checked.
set -euo pipefail

readonly test=$1 forbidden=$2 checked=$3

expect_failure() {
  local message=$1 output
  shift
  if output=$("$test" "$@"); then
    echo "passed, but should not have: $*"
    exit 1
  fi
  if ! grep -qF "$message" <<< "$output"; then
    echo "the failure does not mention '$message': $output"
    exit 1
  fi
}

expect_failure //tools/lint/testdata/above:trainer "$forbidden" "$checked"
expect_failure "no library was checked" /dev/null /dev/null
"$test" /dev/null "$checked"
