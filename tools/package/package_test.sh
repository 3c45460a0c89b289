#!/usr/bin/env bash
# Makes both kinds of bundle and runs them without anything of the build tree in the environment. The
# arguments are those that //tools/package gives to package.py.
set -euo pipefail

readonly package=(tools/package/package.py "$@")
readonly tree=$PWD scratch=$TEST_TMPDIR
readonly training=(--noreport --device=cpu threads=1 seed=3 model.width=32 model.depth=2
  schedule.iterations=12 schedule.warmup_iterations=2 validation.every_iterations=0)

die() {
  echo "package_test: $*" >&2
  exit 1
}

# Runs a command of a bundle as on another machine.
elsewhere() {
  (cd "$scratch" && env -i PATH=/usr/bin:/bin HOME="$scratch" "$@")
}

expect_error() {  # STATUS WORDS COMMAND...
  local expected=$1 words=$2 status=0 output
  shift 2
  output=$("$@" 2>&1 > /dev/null) || status=$?
  ((status == expected)) || die "'$*' ended with $status and not with $expected: $output"
  [[ $output == *"$words"* && $(wc -l <<< "$output") == 1 ]] || die "'$*' says: $output"
}

# An installed PyTorch, as far as the programs see one.
make_site() {
  local path name
  mkdir -p "$scratch/site/torch/lib" "$scratch/site/nvidia/cu13/lib"
  for path in "$@"; do
    name=${path##*/}
    case $name in
      libtorch_cpu.so | libc10.so | libgomp.so.1) ln -s "$tree/$path" "$scratch/site/torch/lib/$name" ;;
      libcudart.so.* | libcupti.so.*) ln -s "$tree/$path" "$scratch/site/nvidia/cu13/lib/$name" ;;
    esac
  done
  cp "$(dirname "$(dirname "$(printf '%s\n' "$@" | grep -m 1 '/libtorch_cpu.so$')")")/version.py" \
    "$scratch/site/torch/"
}

at_most() {  # VERSION VERSION
  printf '%s\n' "$1" "$2" | sort --version-sort --check=quiet
}

same_bits() {  # RUN
  cmp "$scratch/tree/checkpoints/000000012/model.safetensors" \
    "$scratch/$1/checkpoints/000000012/model.safetensors" ||
    die "$1 has other bits than the build tree's run"
}

train/train --run_dir="$scratch/tree" "${training[@]}" > /dev/null

echo "== bundled: trains, evaluates and explains, wherever it is moved"
made=$("${package[@]}" --output="$scratch/made" --torch=bundled)
[[ $made =~ ^glibc\ ([0-9.]+),\ GLIBCXX_([0-9.]+)\ or\ newer ]] || die "it says: $made"
at_most "${BASH_REMATCH[1]}" 2.34 && at_most "${BASH_REMATCH[2]}" 3.4.29 || die "for newer systems than promised: $made"
mv "$scratch/made" "$scratch/bundle"
elsewhere bundle/bin/train --run_dir=bundled "${training[@]}" > /dev/null
same_bits bundled
[[ $(elsewhere bundle/bin/eval --checkpoint=bundled --json) == *'"count": 360'* ]] || die "eval"
elsewhere bundle/bin/report --run_dir=bundled > /dev/null
elsewhere bundle/bin/rollout --checkpoint=bundled --count=2 --output_dir=pictures > /dev/null
[[ $(find "$scratch/pictures" -name '*.overlay.png' | wc -l) == 2 ]] || die "rollout"
picture=$(find "$scratch/pictures" -name '*.overlay.png' | sort | head -n 1)
predicted=$(elsewhere bundle/bin/predict --checkpoint=bundled --images="$picture" --json --device=cpu)
seen=$(elsewhere python3 "$tree/library/example/classify.py" bundle/lib/libvitrine.so bundled "$picture")
[[ $predicted == *"\"class\": \"${seen% *}\""*"\"probability\": ${seen#* }"* ]] ||
  die "libvitrine.so says $seen, and predict $predicted"
for file in include/vitrine.h lib/cmake/vitrine/vitrine-config{,-version}.cmake; do
  cmp "$scratch/bundle/$file" "library/${file##*/}"
done
for program in "$scratch"/bundle/bin/*; do
  [[ $(elsewhere "$program" --help) == 'usage: '* ]] || die "$program --help"
done
mkdir "$scratch/links"
ln -s "$scratch/bundle/bin/train" "$scratch/links/train"
elsewhere links/train --dry_run > /dev/null
[[ $(elsewhere bundle/bin/reproduce --steps=7 --run_dir=none) == *'not run'* ]] || die "reproduce"
for licence in torch.LICENSE torch.NOTICE pyarrow.LICENSE.txt com_google_absl.LICENSE; do
  [[ -s $scratch/bundle/licences/$licence ]] || die "no $licence"
done
rm -rf "$scratch/bundle"

echo "== installed: at most 30 MiB, and takes an installed PyTorch"
"${package[@]}" --output="$scratch/vitrine.tar.xz" --torch=installed
(($(stat -c %s "$scratch/vitrine.tar.xz") <= 30 * 2 ** 20)) || die "more than 30 MiB"
tar -C "$scratch" -xf "$scratch/vitrine.tar.xz"
make_site "$@"
elsewhere env VITRINE_TORCH="$scratch/site" vitrine/bin/train --run_dir=installed "${training[@]}" > /dev/null
same_bits installed
mkdir "$scratch/python"
printf '#!/bin/sh\necho "%s"\n' "$scratch/site" > "$scratch/python/python3"
chmod +x "$scratch/python/python3"
elsewhere env PATH="$scratch/python:/usr/bin:/bin" vitrine/bin/train --dry_run > /dev/null
[[ ! -e $scratch/vitrine/include && ! -e $scratch/vitrine/lib/libvitrine.so ]] || die "a library without libtorch"
expect_error 1 'holds no torch/' elsewhere env VITRINE_TORCH=/absent vitrine/bin/train --dry_run
sed -i 's/2\.11\.0/2.10.0/' "$scratch/site/torch/version.py"
expect_error 1 'is 2.10.0' elsewhere env VITRINE_TORCH="$scratch/site" vitrine/bin/eval --help

echo "== mistakes are one line, and leave nothing"
expect_error 2 'is there' "${package[@]}" --output="$scratch/vitrine" --torch=installed
expect_error 2 'no folder' "${package[@]}" --output="$scratch/absent/out.tar.gz"
expect_error 2 "invalid choice: 'none'" "${package[@]}" --output="$scratch/out" --torch=none
[[ ! -e $scratch/out ]] || die "it left something"
