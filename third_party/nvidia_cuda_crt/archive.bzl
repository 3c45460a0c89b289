"""Headers that those of nvidia_cuda_runtime include."""

ARCHIVE = {
    "name": "nvidia_cuda_crt",
    "wheel": "nvidia-cuda-crt==13.0.88",
    "sha256": "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4",
    "licence": "NVIDIA-CUDA-EULA",
    "build_file": "//third_party/nvidia_cuda_crt:nvidia_cuda_crt.BUILD",
}
