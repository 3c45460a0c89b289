"""libtorch: the CPU libraries and headers of the PyTorch wheel."""

ARCHIVE = {
    "name": "torch",
    "wheel": "torch==2.11.0",
    "sha256": "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    "licence": "BSD-3-Clause",
    "build_file": "//third_party/torch:torch.BUILD",
    # Keeps what a CPU program needs: 2.3 GB unpacked would otherwise stay on disk. The protobuf 3.13
    # and pybind11 headers must go: protobuf 3.21 is compiled here, and theirs could be found first.
    "remove": [
        "torch/lib/libtorch_cuda*",
        "torch/lib/libtorch_nvshmem.so",
        "torch/lib/libtorch_python.so",
        "torch/lib/libc10_cuda.so",
        "torch/lib/libcaffe2_nvrtc.so",
        "torch/_C*",
        "torch/testing",
        "torch/bin",
        "torch/include/google",
        "torch/include/pybind11",
        "torch/include/kineto",
    ],
    # The header of every operator includes four that it does not need, and that cost more to compile than all the
    # rest: 4.2 s instead of 1.6 s for a file with one operator. One other header relied on that.
    "patch_cmds": [
        "sed -i -E '/#include <ATen.(Context|DeviceGuard|TensorUtils|TracerMode)\\.h>/d' torch/include/ATen/ops/*.h",
        "sed -i 's/#pragma once/&\\n#include <ATen\\/DeviceAccelerator.h>/' torch/include/torch/csrc/autograd/function.h",
    ],
}
