"""The repository of the toolchain: packages unpacked, and a script for each program that Bazel calls."""

_PROGRAMS = [
    "ar",
    "as",
    "cpp",
    "dwp",
    "gcc",
    "gcov",
    "ld",
    "ld.bfd",
    "ld.gold",
    "nasm",
    "nm",
    "objcopy",
    "objdump",
    "protoc",
    "strip",
]

# What the programs themselves are linked with, but for libc, which must be that of the machine's loader.
_LIBRARIES = [
    "bfd",
    "cc1",
    "ctf",
    "gcc_s",
    "gmp",
    "isl",
    "jansson",
    "mpc",
    "mpfr",
    "opcodes",
    "protobuf",
    "protoc",
    "sframe",
    "stdc++",
    "z",
    "zstd",
]

_COPY_LIBRARIES = """
mkdir libexec
for name in %s; do
  for folder in root/usr/lib root/lib; do
    for library in $folder/x86_64-linux-gnu/lib$name[.-]*so*; do
      if [ -e $library ]; then cp -P $library libexec; fi
    done
  done
done
""" % " ".join(_LIBRARIES)

def _toolchain_repository_impl(ctx):
    files = []
    for path, sha256 in ctx.attr.packages.items():
        file = "packages/" + path.rpartition("/")[2]
        ctx.download([mirror + path for mirror in ctx.attr.mirrors], file, sha256 = sha256)
        files.append(file)
    _run(ctx, ["python3", ctx.path(ctx.attr.unpack), "root"] + files)
    ctx.delete("packages")
    _run(ctx, ["sh", "-ec", _COPY_LIBRARIES])
    for program in _PROGRAMS:
        ctx.symlink(ctx.attr.tool, "bin/" + program)
    ctx.symlink(ctx.attr.run, "run.sh")
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

def _run(ctx, command):
    result = ctx.execute(command)
    if result.return_code != 0:
        fail(result.stderr)

toolchain_repository = repository_rule(
    implementation = _toolchain_repository_impl,
    attrs = {
        "build_file": attr.label(default = "//third_party/toolchain:toolchain.BUILD"),
        "mirrors": attr.string_list(),
        "packages": attr.string_dict(),
        "run": attr.label(default = "//third_party/toolchain:run.sh"),
        "tool": attr.label(default = "//third_party/toolchain:tool.sh"),
        "unpack": attr.label(default = "//third_party/toolchain:unpack.py"),
    },
)
