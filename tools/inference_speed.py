"""Times a model here and in other packages, by turns; tools/inference_speed starts it."""

import pathlib
import statistics
import subprocess
import sys
import tempfile

import timm
from timm.models import save_for_hf
import torch

from training_speed import Ended, Worker

PEER = pathlib.Path(__file__).with_name("inference_speed_peer.py")
PEERS = {
    "eager": "PyTorch, eager",
    "compile": "PyTorch, compiled",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
}


def write_model(name: str, folder: pathlib.Path) -> None:
    """As the hub has it, with random weights."""
    torch.manual_seed(0)
    save_for_hf(timm.create_model(name), folder, safe_serialization=True)


def start_all(programs: pathlib.Path, folder: pathlib.Path, name: str, batch: str, precision: str) -> list[Worker]:
    write_model(name, folder / "timm")
    onnx = folder / "model.onnx"
    source = f"--checkpoint={folder / 'timm'}"
    subprocess.run([programs / "export", source, "--format=onnx", f"--output={onnx}"], check=True)
    flags = [source, f"--batch={batch}", f"--precision={precision}", "--device=cpu"]
    ours = Worker("Vitrine", [str(programs / "inference_speed"), *flags]).start()
    peers = [
        Worker(title, [sys.executable, "-S", str(PEER), mode, name, str(folder), batch, precision, ours.first_line])
        for mode, title in PEERS.items()
        if precision == "FP32" or mode != "onnxruntime"  # which has no BF16 on a CPU
    ]
    return [ours] + [peer.start() for peer in peers]


def describe(worker: Worker, first: Worker, batch: int) -> str:
    """A row: images a second, and how many times the first worker's time is this one's."""
    ratios = [theirs / ours for theirs, ours in zip(worker.milliseconds, first.milliseconds)]
    return (
        f"| {worker.name} | {1000 * batch / statistics.median(worker.milliseconds):.1f} "
        f"| {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] |"
    )


def measure_all(folder: pathlib.Path) -> None:
    programs, rounds, passes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    name, batch, precision = sys.argv[4], sys.argv[5], (sys.argv[6:] or ["FP32"])[0]
    workers = start_all(programs, folder, name, batch, precision)
    for worker in workers:
        worker.take(2)  # memory, caches and compilation
    for _ in range(rounds):
        for worker in workers:
            worker.measure(passes)
    print(f"{name}, batch {batch}, {precision}: {rounds} rounds of {passes} passes by turns. Images a second are")
    print("medians; ratios are of one round, median [least, most].")
    print()
    print("| | images a second | time, Vitrine = 1 |")
    print("| --- | ---: | ---: |")
    for worker in workers:
        print(describe(worker, workers[0], int(batch)))


def main() -> None:
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure_all(pathlib.Path(folder))
    except Ended as error:
        sys.exit(f"tools/inference_speed: {error}; its message is above")


if __name__ == "__main__":
    main()
