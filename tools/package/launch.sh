#!/bin/sh
# Starts the program of this name with the libraries of this bundle and, where libtorch is not one of
# them, with those of an installed PyTorch: the one in VITRINE_TORCH, a folder that holds torch/, or
# else python3's.
set -eu

name=$(basename -- "$0")
here=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")

die() {
  echo "$name: $*" >&2
  exit 1
}

# The folder that holds torch/, without importing it.
ask_python() {
  python3 -c 'import importlib.util, os
spec = importlib.util.find_spec("torch")
print(os.path.dirname(os.path.dirname(spec.origin)) if spec and spec.origin else "")' 2> /dev/null
}

# Adds the libraries of an installed PyTorch.
find_torch() {
  needed=$(cat "$here/libexec/torch_version")
  remedy="pip install torch==${needed%%+*}, and give the folder that then holds torch/ in VITRINE_TORCH"
  site=${VITRINE_TORCH:-$(ask_python)} || die "there is no python3 to ask for PyTorch; $remedy"
  [ -n "$site" ] || die "python3 has no package torch; $remedy"
  [ -f "$site/torch/version.py" ] || die "VITRINE_TORCH: $site holds no torch/; $remedy"
  version=$(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$site/torch/version.py")
  [ "$version" = "$needed" ] || die "PyTorch in $site is $version, and this is for $needed; $remedy"
  libraries=$libraries:$site/torch/lib
  for folder in "$site"/nvidia/*/lib; do
    libraries=$libraries:$folder
  done
  # So that --device=auto finds a GPU; without one it would only cost memory.
  cuda=$site/torch/lib/libtorch_cuda.so
  if [ -e /dev/nvidiactl ] && [ -f "$cuda" ]; then
    export VITRINE_TORCH_CUDA_LIBRARY="${VITRINE_TORCH_CUDA_LIBRARY-$cuda}"
  fi
}

libraries=$here/lib
[ -e "$here/lib/libtorch_cpu.so" ] || find_torch
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/libexec/$name" "$@"
