"""Platform constraints."""

ARCHIVE = {
    "name": "platforms",
    "url": "https://github.com/bazelbuild/platforms/archive/0.0.2.tar.gz",
    "sha256": "d62cb553b378d2acb4e63de21dce82d025ce2ef2bdfcee2c2b742788314df0b1",
    "strip_prefix": "platforms-0.0.2",
    "licence": "Apache-2.0",
    "debian_source": "bazel-platforms_0.0.2.orig.tar.xz",
}
