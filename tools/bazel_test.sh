#!/usr/bin/env bash
# tools/bazel on systems that are made up: a PATH with few programs, a Bazel that prints its arguments, no apt-get.
set -euo pipefail

readonly tool=$PWD/tools/bazel scratch=$TEST_TMPDIR
readonly path=$scratch/path cache="$scratch/a cache/vitrine"

die() {
  echo "bazel_test: $*" >&2
  exit 1
}

program() {  # FILE LINE
  printf '#!/bin/bash\n%s\n' "$2" > "$1"
  chmod +x "$1"
}

# A Bazel that says which version it is, or else what it was told; NAME is a file in the scratch folder.
fake_bazel() {  # NAME VERSION
  program "$scratch/$1" "if [[ \$1 == --version ]]; then echo 'bazel $2'; else printf '%s\n' \"\$@\"; fi"
}

start() {  # [NAME=VALUE...] COMMAND...
  env -i PATH="$path" HOME="$scratch/home" XDG_CACHE_HOME="$scratch/a cache" BAZEL_REAL="$scratch/bazel4" "$@" 2>&1
}

expect() {  # WORDS COMMAND...
  local words=$1 output
  shift
  output=$(start "$@") || die "'$*' failed: $output"
  [[ $output == *"$words"* ]] || die "'$*' says: $output"
}

expect_error() {  # WORDS COMMAND...
  local words=$1 output
  shift
  ! output=$(start "$@") || die "'$*' should fail, and says: $output"
  [[ $output == "tools/bazel: "*"$words"* && $(wc -l <<< "$output") == 1 ]] || die "'$*' says: $output"
}

mkdir "$path" "$scratch/home"
for name in bash env dirname mkdir mv readlink; do ln -s "$(type -P "$name")" "$path/"; done
program "$path/python3" '[[ $1 == -c ]] || echo "seeded: $*"'
program "$path/uname" 'echo Linux x86_64'
program "$path/getconf" 'echo glibc 2.36'
fake_bazel bazel4 4.2.3
fake_bazel debian no_version
fake_bazel bazel6 6.4.0

echo "== archives are fetched for a command that builds, and not otherwise"
expect "seeded: $(dirname "$(readlink -f "$tool")")/bootstrap/seed_cache.py --cache $cache/repository" \
  "$tool" --nohome_rc build //train
expect $'--config=cuda\n' "$tool" build --config=cuda //train
for command in --help help version shutdown --nohome_rc; do
  [[ $(start "$tool" "$command") == "--bazelrc=$cache/bazelrc"$'\n'"$command" ]] || die "$command"
done
[[ $(< "$cache/bazelrc") == "common --repository_cache=\"$cache/repository\"" ]] || die "bazelrc"

echo "== it may be a link, and a relative XDG_CACHE_HOME is ignored"
ln -s "$tool" "$scratch/link"
expect "/bootstrap/seed_cache.py" "$scratch/link" build
expect "--bazelrc=$scratch/home/.cache/vitrine/bazelrc" XDG_CACHE_HOME=relative "$tool" build

echo "== another Bazel"
expect shutdown BAZEL_REAL="$scratch/debian" "$tool" shutdown
expect_error 'bazel6 is bazel 6.4.0 and not 4.2.3' BAZEL_REAL="$scratch/bazel6" "$tool" shutdown

echo "== other systems"
program "$path/python3" 'exit 1'
expect_error 'python3 has no pip' "$tool" shutdown
rm "$path/python3"
expect_error 'python3 is not here' "$tool" shutdown
for libc in 'glibc 2.35' 'glibc 1.99'; do
  program "$path/getconf" "echo $libc"
  expect_error "needs x86-64 Linux with glibc 2.36 or newer; this is Linux x86_64 with $libc" "$tool" shutdown
done
program "$path/getconf" 'exit 1'
expect_error 'with another C library' "$tool" shutdown
program "$path/getconf" 'echo glibc 3.0'
program "$path/uname" 'echo Linux aarch64'
expect_error 'this is Linux aarch64 with glibc 3.0' "$tool" shutdown
