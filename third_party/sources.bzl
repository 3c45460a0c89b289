"""Repositories of upstream's sources."""

load("//third_party:run.bzl", "run")

# Not http_archive, which fails with Debian 13's Bazel: it was built for an older library that unpacks.
def _source_repository_impl(ctx):
    ctx.download(ctx.attr.url, "source.tar", sha256 = ctx.attr.sha256)
    run(ctx, ["python3", ctx.path(ctx.attr.unpack), "source.tar", ctx.attr.strip_prefix])
    ctx.delete("source.tar")
    for patch in ctx.attr.patches:
        ctx.patch(patch, strip = 1)
    if ctx.attr.build_file:
        ctx.delete("BUILD.bazel")  # upstream's, if there is one
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

source_repository = repository_rule(
    implementation = _source_repository_impl,
    attrs = {
        "build_file": attr.label(),
        "patches": attr.label_list(),
        "sha256": attr.string(),
        "strip_prefix": attr.string(),
        "unpack": attr.label(default = "//third_party:unpack_source.py"),
        "url": attr.string(),
    },
)
