"""libcudart: libtorch_cpu.so names it as needed, also where no GPU is. Launches kernels of our own."""

ARCHIVE = {
    "name": "nvidia_cuda_runtime",
    "wheel": "nvidia-cuda-runtime==13.0.96",
    "sha256": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    "licence": "NVIDIA-CUDA-EULA",
    "build_file": "//third_party/nvidia_cuda_runtime:nvidia_cuda_runtime.BUILD",
}
