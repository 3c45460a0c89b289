"""Every external dependency, each pinned by SHA-256 in its own folder.

A source archive names its upstream URL (sources.bzl), a package its place in Debian's archive (packages.bzl). A wheel
names no URL, because only pip knows where a machine's wheels come from (wheels.bzl). tools/bazel has put them all into
Bazel's repository cache before Bazel starts.
"""

load("//third_party:packages.bzl", "packages_repository")
load("//third_party:sources.bzl", "source_repository")
load("//third_party:wheels.bzl", "WHEELS_ATTRS", "unpack_wheels", "wheels_repository")
load("//third_party/absl:archive.bzl", absl = "ARCHIVE")
load("//third_party/benchmark:archive.bzl", benchmark = "ARCHIVE")
load("//third_party/clang_format:archive.bzl", clang_format = "ARCHIVE")
load("//third_party/cuda:archive.bzl", cuda = "ARCHIVE")
load("//third_party/cuda_compiler:archive.bzl", cuda_compiler = "ARCHIVE")
load("//third_party/gflags:archive.bzl", gflags = "ARCHIVE")
load("//third_party/glog:archive.bzl", glog = "ARCHIVE")
load("//third_party/googletest:archive.bzl", googletest = "ARCHIVE")
load("//third_party/libdeflate:archive.bzl", libdeflate = "ARCHIVE")
load("//third_party/libjpeg_turbo:archive.bzl", libjpeg_turbo = "ARCHIVE")
load("//third_party/lodepng:archive.bzl", lodepng = "ARCHIVE")
load("//third_party/nlohmann_json:archive.bzl", nlohmann_json = "ARCHIVE")
load("//third_party/nvidia_cuda_crt:archive.bzl", nvidia_cuda_crt = "ARCHIVE")
load("//third_party/nvidia_cuda_cupti:archive.bzl", nvidia_cuda_cupti = "ARCHIVE")
load("//third_party/nvidia_cuda_runtime:archive.bzl", nvidia_cuda_runtime = "ARCHIVE")
load("//third_party/onnx:archive.bzl", onnx = "ARCHIVE")
load("//third_party/platforms:archive.bzl", platforms = "ARCHIVE")
load("//third_party/protobuf:archive.bzl", protobuf = "ARCHIVE")
load("//third_party/protobuf_source:archive.bzl", protobuf_source = "ARCHIVE")
load("//third_party/pyarrow:archive.bzl", pyarrow = "ARCHIVE")
load("//third_party/rules_cc:archive.bzl", rules_cc = "ARCHIVE")
load("//third_party/rules_proto:archive.bzl", rules_proto = "ARCHIVE")
load("//third_party/scikit_learn:archive.bzl", scikit_learn = "ARCHIVE")
load("//third_party/skylib:archive.bzl", skylib = "ARCHIVE")
load("//third_party/toolchain:archive.bzl", toolchain = "ARCHIVE")
load("//third_party/toolchain:repository.bzl", "toolchain_repository")
load("//third_party/torch:archive.bzl", torch = "ARCHIVE")

_SOURCES = [
    absl,
    benchmark,
    gflags,
    glog,
    googletest,
    libdeflate,
    libjpeg_turbo,
    lodepng,
    nlohmann_json,
    platforms,
    protobuf_source,
    rules_cc,
    rules_proto,
    skylib,
]

_WHEELS = [
    clang_format,
    nvidia_cuda_crt,
    nvidia_cuda_cupti,
    nvidia_cuda_runtime,
    onnx,
    pyarrow,
    scikit_learn,
    torch,
]

def _stub_repository_impl(ctx):
    for path, content in ctx.attr.files.items():
        ctx.file(path, content)

_stub_repository = repository_rule(
    implementation = _stub_repository_impl,
    attrs = {"files": attr.string_dict()},
)

def _java_stubs():
    """Bazel 4.2.3 loads these two for every build and every test, although no Java is built here."""
    rules = ["binary", "import", "library", "proto_library", "runtime", "toolchain"]
    _stub_repository(
        name = "rules_java",
        files = {
            "java/BUILD": "",
            "java/defs.bzl": "\n".join(["java_%s = native.java_%s" % (r, r) for r in rules]),
        },
    )
    _stub_repository(
        name = "remote_coverage_tools",
        files = {"BUILD": """filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)"""},
    )

def _re2_stub():
    """GoogleTest names RE2 in a branch that is not taken; `bazel query` loads it all the same."""
    _stub_repository(
        name = "com_googlesource_code_re2",
        files = {"BUILD": """filegroup(
    name = "re2",
    visibility = ["//visibility:public"],
)"""},
    )

def _optional_repository_impl(ctx):
    if ctx.os.environ.get("VITRINE_" + ctx.attr.config.upper()) != "1":
        for path, content in ctx.attr.otherwise.items():
            ctx.file(path, content, executable = True)
        return
    unpack_wheels(ctx)

# Wheels where a --config asks for them, and other files where none does. Not by select(): the tests of
# dependencies query all branches of one, which would fetch the wheels on every machine.
_optional_repository = repository_rule(
    implementation = _optional_repository_impl,
    attrs = dict(WHEELS_ATTRS, config = attr.string(), otherwise = attr.string_dict()),
    environ = [
        "VITRINE_CUDA",
        "VITRINE_CUDA_KERNELS",
    ],
)

def _optional(archive, otherwise):
    _optional_repository(
        name = archive["name"],
        build_file = archive["build_file"],
        config = archive["config"],
        keep = archive["keep"],
        otherwise = otherwise,
        wheels = archive["wheels"],
    )

def _cuda():
    _optional(cuda, {
        "BUILD.bazel": "cc_library(name = 'cuda', visibility = ['//visibility:public'])\n",
    })

    # Makes nothing of everything, so that a program has no kernels in it.
    _optional(cuda_compiler, {
        "BUILD.bazel": """package(default_visibility = ["//visibility:public"])
filegroup(name = "nvcc", srcs = ["nvcc.sh"])
filegroup(name = "parts")
""",
        "nvcc.sh": "#!/bin/sh\n",
    })

def _packages(repository, archive):
    repository(
        name = archive["name"],
        build_file = archive["build_file"],
        packages = archive["packages"],
    )

def _wheel(archive):
    wheels_repository(
        name = archive["name"],
        build_file = archive["build_file"],
        keep = archive.get("keep", []),
        patch_cmds = archive.get("patch_cmds", []),
        remove = archive.get("remove", []),
        wheels = {archive["wheel"]: archive["sha256"]},
    )

def _source(archive):
    source_repository(
        name = archive["name"],
        build_file = archive.get("build_file"),
        patches = archive.get("patches", []),
        sha256 = archive["sha256"],
        strip_prefix = archive["strip_prefix"],
        url = archive["url"],
    )

def third_party_repositories():
    for archive in _SOURCES:
        _source(archive)
    for archive in _WHEELS:
        _wheel(archive)
    _packages(packages_repository, protobuf)
    _packages(toolchain_repository, toolchain)
    _cuda()
    _java_stubs()
    _re2_stub()
