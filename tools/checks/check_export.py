"""What //eval:export writes loads in timm and in transformers 4 and 5, and computes the same there.

For each of package_models.py's architectures with random weights, and for models of //train: the
logits of the exported model are within 1e-5 of the largest of ours, and the classes have their names.
What is imported and exported again has every tensor of the package's own model to the last bit, but
for those that the programs name. The pixels of the exported processors are within one level of 255 of
ours, but for a few of a million.
"""

import sys

import import_programs
from package_sets import HERE, TRANSFORMERS_4, TRANSFORMERS_5, run_python


def main() -> None:
    import_programs.build("//eval:export", "//train")
    flags = sys.argv[1:]
    for program in ("compare_exports.py", "compare_exported_pixels.py"):
        run_python(TRANSFORMERS_4, HERE / program, *flags)
        run_python(TRANSFORMERS_5, HERE / program, "--other_packages", *flags)


if __name__ == "__main__":
    main()
