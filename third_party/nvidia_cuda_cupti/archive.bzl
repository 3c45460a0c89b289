"""libcupti: libtorch_cpu.so names it as needed, also where no GPU is."""

ARCHIVE = {
    "name": "nvidia_cuda_cupti",
    "wheel": "nvidia-cuda-cupti==13.0.85",
    "sha256": "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    "licence": "NVIDIA-CUDA-EULA",
    "build_file": "//third_party/nvidia_cuda_cupti:nvidia_cuda_cupti.BUILD",
}
