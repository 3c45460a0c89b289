"""A model of timm in another package, as its users would run it.

Started by tools/inference_speed: MODE MODEL FOLDER BATCH PRECISION, and the line that //eval:inference_speed prints.
FOLDER has timm/model.safetensors and model.onnx. Prints "ready". Then for each line of input, a number of passes, it
takes them and prints {"milliseconds": [...]}.
"""

from collections.abc import Callable
import json
import sys
import time

import numpy as np


def pytorch(mode: str, name: str, folder: str, images: np.ndarray, precision: str, threads: int) -> Callable:
    import timm
    import torch

    torch.set_num_threads(threads)
    model = timm.create_model(name, checkpoint_path=f"{folder}/timm/model.safetensors").eval()
    inputs = torch.from_numpy(images)
    if precision == "BF16":
        model, inputs = model.bfloat16(), inputs.bfloat16()
    if mode == "compile":
        torch._inductor.config.freezing = True  # weights in the order of oneDNN's products
        model = torch.compile(model)

    def run() -> None:
        with torch.inference_mode():
            model(inputs)

    return run


def onnxruntime(folder: str, images: np.ndarray, precision: str, threads: int) -> Callable:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(["logits"], {"pixels": images})


def openvino(folder: str, images: np.ndarray, precision: str, threads: int) -> Callable:
    import openvino

    core = openvino.Core()
    model = core.read_model(f"{folder}/model.onnx")
    model.reshape({"pixels": list(images.shape)})
    hint = {"FP32": "f32", "BF16": "bf16"}[precision]
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return lambda: request.infer({"pixels": images})


def main() -> None:
    mode, name, folder, batch, precision, sizes = sys.argv[1:]
    threads = json.loads(sizes)["threads"]
    images = np.random.default_rng(0).standard_normal((int(batch), 3, 224, 224), dtype=np.float32)
    if mode == "onnxruntime":
        run = onnxruntime(folder, images, precision, threads)
    elif mode == "openvino":
        run = openvino(folder, images, precision, threads)
    else:
        run = pytorch(mode, name, folder, images, precision, threads)
    print("ready", flush=True)
    for line in sys.stdin:
        milliseconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            milliseconds.append(1000 * (time.perf_counter() - start))
        print(json.dumps({"milliseconds": milliseconds}), flush=True)


if __name__ == "__main__":
    main()
