"""libtorch: the CPU libraries and headers of the PyTorch wheel."""

ARCHIVE = {
    "name": "torch",
    "wheel": "torch==2.11.0",
    "sha256": "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    "licence": "BSD-3-Clause",
    "build_file": "//third_party/torch:torch.BUILD",
    # 0.4 of 2.3 GB. Not the headers of protobuf 3.13 and pybind11: protobuf 3.21 is used here, and theirs could be found
    # first. Nor the headers of operators as each kind of device has them.
    "keep": [
        "torch-2.11.0.dist-info/licenses/*",
        "torch/include/ATen/*",
        "torch/include/c10/*",
        "torch/include/torch/*",
        "torch/lib/libc10.so",
        "torch/lib/libgomp.so.1",
        "torch/lib/libtorch_cpu.so",
        "torch/version.py",
    ],
    "remove": [
        "torch/include/ATen/ops/*_c*_dispatch.h",
        "torch/include/ATen/ops/*_meta_dispatch.h",
    ],
    # The header of every operator includes four that it does not need, and that cost more to compile than all the
    # rest: 4.2 s instead of 1.6 s for a file with one operator. One other header relied on that.
    "patch_cmds": [
        "sed -i -E '/#include <ATen.(Context|DeviceGuard|TensorUtils|TracerMode)\\.h>/d' torch/include/ATen/ops/*.h",
        "sed -i 's/#pragma once/&\\n#include <ATen\\/DeviceAccelerator.h>/' torch/include/torch/csrc/autograd/function.h",
    ],
}
