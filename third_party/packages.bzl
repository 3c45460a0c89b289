"""Repositories of Debian 12's binary packages, unpacked."""

load("//third_party:run.bzl", "run")

MIRRORS = [
    "https://deb.debian.org/debian/pool/main/",
    # Debian drops a package when a point release replaces it; this one keeps all there ever were.
    "https://snapshot.debian.org/archive/debian/20261120T000000Z/pool/main/",
]

PACKAGES_ATTRS = {
    "build_file": attr.label(),
    "packages": attr.string_dict(),
    "unpack": attr.label(default = "//third_party:unpack_packages.py"),
}

def unpack_packages(ctx, folder):
    files = []
    for path, sha256 in ctx.attr.packages.items():
        file = "packages/" + path.rpartition("/")[2]
        ctx.download([mirror + path for mirror in MIRRORS], file, sha256 = sha256)
        files.append(file)
    run(ctx, ["python3", ctx.path(ctx.attr.unpack), folder] + files)
    ctx.delete("packages")
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

def _packages_repository_impl(ctx):
    unpack_packages(ctx, ".")

packages_repository = repository_rule(
    implementation = _packages_repository_impl,
    attrs = PACKAGES_ATTRS,
)
