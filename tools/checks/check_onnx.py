"""A model that //eval:export writes as ONNX passes onnx.checker and computes the same in ONNX Runtime.

For each option of the architecture a small model of //train, and ViT-B/16 at 224: logits and embedding are
within 1e-4 of the largest magnitude of those of //eval:predict, one picture at a time and seven at once,
from its pixels and, --with_preprocessing, from pictures of any size. The pixels inside are those of
//eval:predict. With --images=FOLDER, on the JPEG files there too (--every=N takes each N-th).
"""

import sys

from import_programs import ROOT, output_of
from package_sets import HERE, run_python


def main() -> None:
    output_of(ROOT / "tools/bazel", "build", "//train", "//eval:export", "//eval:predict")
    run_python(("onnx",), HERE / "compare_onnx.py", *sys.argv[1:])


if __name__ == "__main__":
    main()
