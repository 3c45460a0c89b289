"""The repository of the toolchain: packages unpacked, and a script for each program that Bazel calls."""

load("//third_party:packages.bzl", "PACKAGES_ATTRS", "unpack_packages")
load("//third_party:run.bzl", "run")

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
    "sframe",
    "stdc++",
    "z",
    "zstd",
]

_COPY_LIBRARIES = """
mkdir libexec
for name in %s; do
  for folder in sysroot/usr/lib sysroot/lib; do
    for library in $folder/x86_64-linux-gnu/lib$name[.-]*so*; do
      if [ -e $library ]; then cp -P $library libexec; fi
    done
  done
done
""" % " ".join(_LIBRARIES)

def _toolchain_repository_impl(ctx):
    unpack_packages(ctx, "sysroot")
    run(ctx, ["sh", "-ec", _COPY_LIBRARIES])
    for program in _PROGRAMS:
        ctx.symlink(ctx.attr.tool, "bin/" + program)

toolchain_repository = repository_rule(
    implementation = _toolchain_repository_impl,
    attrs = dict(PACKAGES_ATTRS, tool = attr.label(default = "//third_party/toolchain:tool.sh")),
)
