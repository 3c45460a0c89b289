"""Every external dependency, each pinned by SHA-256 in its own folder.

An archive from the web names its upstream URL. A wheel names no URL, because only pip knows where a
machine's wheels come from: tools/bazel has pip fetch it by name and hash into Bazel's repository
cache, and the host below, which cannot exist, is never asked.
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
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
load("//third_party/platforms:archive.bzl", platforms = "ARCHIVE")
load("//third_party/protobuf:archive.bzl", protobuf = "ARCHIVE")
load("//third_party/pyarrow:archive.bzl", pyarrow = "ARCHIVE")
load("//third_party/rules_cc:archive.bzl", rules_cc = "ARCHIVE")
load("//third_party/rules_proto:archive.bzl", rules_proto = "ARCHIVE")
load("//third_party/scikit_learn:archive.bzl", scikit_learn = "ARCHIVE")
load("//third_party/skylib:archive.bzl", skylib = "ARCHIVE")
load("//third_party/toolchain:archive.bzl", toolchain = "ARCHIVE")
load("//third_party/toolchain:repository.bzl", "toolchain_repository")
load("//third_party/torch:archive.bzl", torch = "ARCHIVE")

_ARCHIVES = [
    absl,
    benchmark,
    clang_format,
    gflags,
    glog,
    googletest,
    libdeflate,
    libjpeg_turbo,
    lodepng,
    nlohmann_json,
    nvidia_cuda_crt,
    nvidia_cuda_cupti,
    nvidia_cuda_runtime,
    platforms,
    protobuf,
    pyarrow,
    rules_cc,
    rules_proto,
    scikit_learn,
    skylib,
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

def _keep_command(paths):
    kept = " ".join(["! -path './%s'" % path for path in paths])
    return "find . -type f %s ! -name BUILD.bazel ! -name WORKSPACE -delete" % kept

def _prune_commands(archive):
    if "keep" in archive:
        return [_keep_command(archive["keep"])]
    return ["rm -rf " + path for path in archive.get("remove", [])]

def _optional_repository_impl(ctx):
    if ctx.os.environ.get("VITRINE_" + ctx.attr.config.upper()) != "1":
        for path, content in ctx.attr.otherwise.items():
            ctx.file(path, content, executable = True)
        return
    for wheel, sha256 in ctx.attr.wheels.items():
        ctx.download_and_extract("https://wheel.invalid/" + wheel, sha256 = sha256, type = "zip")
    result = ctx.execute(["sh", "-c", _keep_command(ctx.attr.keep)])
    if result.return_code != 0:
        fail(result.stderr)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

# Wheels where a --config asks for them, and other files where none does. Not by select(): the tests of
# dependencies query all branches of one, which would fetch the wheels on every machine.
_optional_repository = repository_rule(
    implementation = _optional_repository_impl,
    attrs = {
        "build_file": attr.label(),
        "config": attr.string(),
        "keep": attr.string_list(),
        "otherwise": attr.string_dict(),
        "wheels": attr.string_dict(),
    },
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

def third_party_repositories():
    for archive in _ARCHIVES:
        is_wheel = "wheel" in archive
        http_archive(
            name = archive["name"],
            build_file = archive.get("build_file"),
            patch_args = ["-p1"],
            patch_cmds = _prune_commands(archive) + archive.get("patch_cmds", []),
            patches = archive.get("patches", []),
            sha256 = archive["sha256"],
            strip_prefix = archive.get("strip_prefix", ""),
            type = "zip" if is_wheel else archive["url"][-len("tar.gz"):],
            urls = ["https://wheel.invalid/" + archive["wheel"] if is_wheel else archive["url"]],
        )
    toolchain_repository(
        name = toolchain["name"],
        mirrors = toolchain["mirrors"],
        packages = toolchain["packages"],
    )
    _cuda()
    _java_stubs()
    _re2_stub()
