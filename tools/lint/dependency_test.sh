#!/usr/bin/env bash
# Fails if the first file, what is forbidden and yet reached, has a line, or if the second, the libraries
# that were looked at, has none.
set -euo pipefail

readonly forbidden=$1 checked=$2

if [[ ! -s $checked ]]; then
  echo "no library was checked"
  exit 1
fi
if [[ -s $forbidden ]]; then
  echo "These libraries"
  sed 's/^/  /' "$checked"
  echo "must not reach, but do (see tools/lint/dependencies.bzl; bazel query 'somepath(A, B)' says how):"
  sed 's/^/  /' "$forbidden"
  exit 1
fi
echo "$(wc -l < "$checked") libraries checked"
