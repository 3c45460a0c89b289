"""Times torchvision and //data:loading_speed by turns; tools/loading_speed starts it."""

import json
import pathlib
import statistics
import subprocess
import sys
import time

import torch
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import v2

PASSES = 10


def torchvision_speed(files: list[str]) -> float:
    """Images a second of processor time, on one thread."""
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(224, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    start = time.process_time()
    for _ in range(PASSES):
        for file in files:
            transform(decode_jpeg(read_file(file), mode=ImageReadMode.RGB))
    return PASSES * len(files) / (time.process_time() - start)


def our_speed(program: str, folder: str, *flags: str) -> dict[str, float]:
    command = [program, f"--images={folder}", f"--passes={PASSES}", *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def speed_of_two(program: str, folder: str) -> float:
    """Images a second of two processes of one thread, which share nothing but the machine."""
    command = [program, f"--images={folder}", f"--passes={PASSES}", "--nonormalize"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    return sum(json.loads(process.communicate()[0])["per_second"] for process in processes)


def main() -> None:
    program, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    files = sorted(str(path) for path in pathlib.Path(folder).glob("*/*"))
    torch.set_num_threads(1)
    torchvision_speed(files)  # into the page cache
    theirs, ours, ratios, singles, scalings, machine = [], [], [], [], [], []
    for _ in range(rounds):
        theirs.append(torchvision_speed(files))
        ours.append(our_speed(program, folder)["per_cpu_second"])
        ratios.append(ours[-1] / theirs[-1])
        # Bytes alone: normalising is another thread's work, which would count for neither.
        one, two = (our_speed(program, folder, f"--threads={n}", "--nonormalize") for n in (1, 2))
        singles.append(one["per_second"])
        scalings.append(two["per_second"] / one["per_second"])
        machine.append(speed_of_two(program, folder) / one["per_second"])
    print(f"{len(files)} files, {PASSES} passes, median of {rounds} rounds [least, most]")
    for name, values in (
        ("torchvision, images per processor second", theirs),
        ("vitrine, images per processor second", ours),
        ("vitrine / torchvision", ratios),
        ("vitrine, one thread, not normalised, images per second", singles),
        ("two threads / one", scalings),
        ("two processes / one, which is what the machine gives", machine),
    ):
        print(f"{name}: {statistics.median(values):.3g} [{min(values):.3g}, {max(values):.3g}]")


if __name__ == "__main__":
    main()
