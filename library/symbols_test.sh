#!/usr/bin/env bash
# libvitrine.so shows the functions of its header and nothing else, and finds what it needs beside itself. Gold also
# shows weak members of std::string, which mean the same in every program: libstdc++ has them under a version, and gold
# then takes no notice of vitrine.lds.
set -euo pipefail

readonly library=$1 header=$2

die() {
  echo "symbols_test: $*" >&2
  exit 1
}

declared=$(grep -oE '\bvitrine_[a-z_]+\(' "$header" | tr -d '(' | sort -u)
shown=$(nm --dynamic --defined-only --extern-only --format=posix "$library" | cut -d' ' -f1,2 |
  grep -vE '^_ZNK?St7__cxx1112basic_stringI[^ ]* W$' | cut -d' ' -f1 | sort -u)
(($(wc -l <<< "$declared") >= 10)) || die "$header declares too few functions to be true"
[[ $shown == "$declared" ]] ||
  die "not what the header declares:"$'\n'"$(diff <(echo "$declared") <(echo "$shown"))"

dynamic=$(readelf --dynamic --wide "$library")
grep -qE 'SONAME.*\[libvitrine\.so\.1\]' <<< "$dynamic" || die "its name is not libvitrine.so.1"
grep -qE 'RUNPATH.*(\[|:)\$ORIGIN(\]|:)' <<< "$dynamic" || die "it does not look beside itself"
# Variables of threads at fixed places: a program that has loaded libstdc++ by dlopen, as Python does, could not load it.
! grep -q STATIC_TLS <<< "$dynamic" || die "STATIC_TLS; see third_party/protobuf_source"
echo "$(wc -l <<< "$shown") functions"
