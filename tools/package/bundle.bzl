"""bundle(): a command that makes a bundle of programs, for machines without Bazel (package.py)."""

# The programs that users have.
PROGRAMS = [
    "//analysis:faithfulness",
    "//analysis:report",
    "//analysis:rollout",
    "//data/prepare",
    "//eval",
    "//eval:embed",
    "//eval:export",
    "//eval:knn",
    "//eval:predict",
    "//eval:swa",
    "//eval/reproduce",
    "//train",
    "//train:import",
]

# What other programs are built with, placed by the ends of their names.
_DEVELOPMENT = [
    "//library:libvitrine.so.1",
    "//library:vitrine-config.cmake",
    "//library:vitrine-config-version.cmake",
    "//library:vitrine.h",
]

_LIBRARIES = [
    "@nvidia_cuda_cupti//:libraries",
    "@nvidia_cuda_runtime//:libraries",
    "@pyarrow//:libraries",
    "@torch//:libraries",
]

# Of what is linked or embedded into the programs, and of the libraries.
_LICENCES = [
    "@com_github_gflags_gflags//:COPYING.txt",
    "@com_github_google_glog//:COPYING",
    "@com_google_absl//:LICENSE",
    "@com_google_protobuf//:licence",
    "@libdeflate//:COPYING",
    "@libjpeg_turbo//:LICENSE.md",
    "@lodepng//:LICENSE",
    "@nlohmann_json//:LICENSE.MIT",
    "@nvidia_cuda_cupti//:licences",
    "@nvidia_cuda_runtime//:licences",
    "@onnx//:licences",
    "@pyarrow//:licences",
    "@scikit_learn//:licences",
    "@torch//:licences",
]

def bundle_files(programs):
    """The arguments by which package.py knows the files, and the files."""
    arguments = (
        ["--program"] + ["$(location %s)" % program for program in programs] +
        ["--development"] + ["$(location %s)" % file for file in _DEVELOPMENT] +
        ["--library"] + ["$(locations %s)" % library for library in _LIBRARIES] +
        ["--licence"] + ["$(locations %s)" % licence for licence in _LICENCES]
    )
    data = programs + _DEVELOPMENT + _LIBRARIES + _LICENCES + [
        "//tools/package:launch.sh",
        "@torch//:torch/version.py",
    ]
    return arguments, data

def bundle(name, programs, **kwargs):
    arguments, data = bundle_files(programs)
    native.sh_binary(
        name = name,
        srcs = ["//tools/package:package.py"],
        args = arguments,
        data = data,
        **kwargs
    )
