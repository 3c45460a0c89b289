#!/usr/bin/env bash
# libarrow and libparquet carry libraries of their own: OpenSSL, Thrift, OpenTelemetry, and for that one
# protobuf and Abseil. A symbol that they and libtorch both export is one symbol in a program with both,
# and one that they and a library of ours export is ours. They share none, apart from types of the
# C++ library itself; and what they export of protobuf and Abseil is of a version that nobody else has:
# Abseil's lts_20260107, templates of OpenTelemetry's types, and types of Google Cloud.
set -euo pipefail

readonly torch=$1
shift
readonly foreign='6google|4absl|6gflags|[0-9]fL(B|I|I64|S|U|U64|D)E'
readonly known='13opentelemetry|4absl12lts_20260107|6google5cloud'
readonly of_the_language='^_ZT[IS]St'

# The names that the library defines; there must be more than some.
exported() {
  local library=$1 least=$2 symbols
  symbols=$(nm --dynamic --defined-only --format=posix "$library" | cut -d' ' -f1 | sort -u)
  if (($(wc -l <<< "$symbols") < least)); then
    echo "nm printed $(wc -l <<< "$symbols") lines for $library; this can't be the library" >&2
    exit 1
  fi
  echo "$symbols"
}

require_none() {
  local what=$1 names=$2
  if [[ -n $names ]]; then
    echo "$what:"
    c++filt <<< "$names"
    exit 1
  fi
}

of_torch=$(exported "$torch" 10000)
(($# == 2)) || { echo "expected two libraries, got $#"; exit 1; }
for library in "$@"; do
  symbols=$(exported "$library" 5000)
  shared=$(comm -12 <(echo "$symbols") <(echo "$of_torch") | grep -vE "$of_the_language" || true)
  require_none "$library and libtorch both export" "$shared"
  unknown=$(grep -E "$foreign" <<< "$symbols" | grep -vE "$known" || true)
  require_none "$library exports what could be taken for another version's" "$unknown"
  echo "$library: $(wc -l <<< "$symbols") symbols, none of them libtorch's or of an unknown version"
done
