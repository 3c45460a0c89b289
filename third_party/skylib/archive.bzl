"""Skylib: Starlark helpers that Abseil's BUILD files load."""

ARCHIVE = {
    "name": "bazel_skylib",
    "url": "https://github.com/bazelbuild/bazel-skylib/archive/1.0.3.tar.gz",
    "sha256": "7ac0fa88c0c4ad6f5b9ffb5e09ef81e235492c873659e6bb99efb89d11246bcb",
    "strip_prefix": "bazel-skylib-1.0.3",
    "licence": "Apache-2.0",
    "debian_source": "bazel-skylib_1.0.3.orig.tar.xz",
}
