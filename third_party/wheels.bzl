"""Repositories of wheels, of which only what is used is unpacked."""

load("//third_party:run.bzl", "run")

WHEELS_ATTRS = {
    "build_file": attr.label(),
    "keep": attr.string_list(),
    "patch_cmds": attr.string_list(),
    "remove": attr.string_list(),
    "unpack": attr.label(default = "//third_party:unpack_wheel.py"),
    "wheels": attr.string_dict(),
}

def unpack_wheels(ctx):
    patterns = ["--keep=" + p for p in ctx.attr.keep] + ["--remove=" + p for p in ctx.attr.remove]
    for wheel, sha256 in ctx.attr.wheels.items():
        # No such host can exist: the wheel is in Bazel's repository cache.
        ctx.download("https://wheel.invalid/" + wheel, "wheel.zip", sha256 = sha256)
        run(ctx, ["python3", ctx.path(ctx.attr.unpack), "wheel.zip"] + patterns)
        ctx.delete("wheel.zip")
    for command in ctx.attr.patch_cmds:
        run(ctx, ["sh", "-ec", command])
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

wheels_repository = repository_rule(
    implementation = unpack_wheels,
    attrs = WHEELS_ATTRS,
)
