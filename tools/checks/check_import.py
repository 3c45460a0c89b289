"""A model that timm, transformers, torchvision or vit-pytorch saved computes the same when imported.

With transformers 4 and with 5, for each of package_models.py's architectures with random weights:
//train:import of what the package saves and //eval:predict of two pictures. What the head reads, and the
logits, are within 1e-5 of the largest. The pixels that reach the model are within one level of 255 of
those of transformers' image processors and of timm's transform for evaluation, on pictures made here, or
with --images=FOLDER on the JPEG files there (--every=N takes each N-th).
"""

import sys

import import_programs
from package_sets import HERE, TRANSFORMERS_4, TRANSFORMERS_5, run_python


def main() -> None:
    import_programs.build()
    arguments = sys.argv[1:]
    programs = {"compare_pixels.py": arguments}
    if not arguments:
        programs["compare_weights.py"] = []
    for program, flags in programs.items():
        run_python(TRANSFORMERS_4, HERE / program, *flags)
        run_python(TRANSFORMERS_5, HERE / program, "--other_packages", *flags)


if __name__ == "__main__":
    main()
