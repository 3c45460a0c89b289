"""What a program needs to use a GPU: the rest of the PyTorch wheel, and the NVIDIA libraries that it
loads. Fetched for --config=cuda only: 2.4 GB."""

ARCHIVE = {
    "name": "cuda",
    "licence": "BSD-3-Clause (torch, nccl), NVIDIA CUDA EULA and those of cuDNN, cuSPARSELt and NVSHMEM",
    "build_file": "//third_party/cuda:cuda.BUILD",
    "config": "cuda",
    # The versions that torch asks for (Requires-Dist in its metadata); the first is that of
    # third_party/torch.
    "wheels": {
        "torch==2.11.0": "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
        "nvidia-cublas==13.1.0.3": "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        "nvidia-cuda-nvrtc==13.0.88": "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        "nvidia-cudnn-cu13==9.19.0.56": "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        "nvidia-cufft==12.0.0.61": "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        "nvidia-cufile==1.15.1.6": "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        "nvidia-curand==10.4.0.35": "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        "nvidia-cusparse==12.6.3.3": "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        "nvidia-cusparselt-cu13==0.8.0": "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        "nvidia-nccl-cu13==2.28.9": "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        "nvidia-nvjitlink==13.0.88": "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        "nvidia-nvshmem-cu13==3.4.5": "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
    },
    # All that is not of these names, headers and tools above all, is removed.
    "keep": [
        "torch/lib/libc10_cuda.so",
        "torch/lib/libtorch_cuda.so",
        "torch/lib/libtorch_nvshmem.so",
        "nvidia/*/lib/lib*.so.*",
    ],
}
