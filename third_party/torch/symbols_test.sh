#!/usr/bin/env bash
# libtorch_cpu.so was built with a protobuf of its own. If it exported it, or glog, gflags or Abseil, one
# process would hold two versions under the same names, and either could call into the other. It exports
# none, apart from these, which mean the same in every version:
#   31 Arena::CreateMaybeMessage<onnx_torch::...>, of messages that nobody else has;
#    3 internal::byteswap<N>;
#   12 instances of std::_Hashtable and std::call_once, whose code knows nothing of protobuf's types.
set -euo pipefail

readonly library=$1 known_count=46
readonly foreign='6google|4absl|6gflags|[0-9]fL(B|I|I64|S|U|U64|D)E'
readonly known='^_ZN6google8protobuf5Arena18CreateMaybeMessageIN10onnx_torch|8protobuf8internal8byteswapILi|^_ZNSt10_HashtableI|^_ZZNSt9once_flag18_Prepare_execution'

symbols=$(nm --dynamic --format=posix "$library" | cut -d' ' -f1)
if (($(wc -l <<< "$symbols") < 10000)); then
  echo "nm printed $(wc -l <<< "$symbols") lines for $library; this can't be libtorch"
  exit 1
fi

# Names of ONNX messages that take a protobuf type as an argument are nobody else's either.
found=$(grep -E "$foreign" <<< "$symbols" | grep -vE '^_ZN?K?10onnx_torch|^_Z(T[ISV]|GV)?NK?10onnx_torch' || true)
unknown=$(grep -vE "$known" <<< "$found" || true)
if [[ -n $unknown ]]; then
  echo "libtorch exports symbols that it did not export before:"
  c++filt <<< "$unknown"
  exit 1
fi
count=$(grep -c . <<< "$found" || true)
if ((count != known_count)); then
  echo "$count known symbols instead of $known_count; look at what changed:"
  c++filt <<< "$found"
  exit 1
fi
echo "$(wc -l <<< "$symbols") symbols, $count of them known to be harmless, none unknown"
