"""C++ rules."""

ARCHIVE = {
    "name": "rules_cc",
    "url": "https://github.com/bazelbuild/rules_cc/releases/download/0.0.4/rules_cc-0.0.4.tar.gz",
    "sha256": "af6cc82d87db94585bceeda2561cb8a9d55ad435318ccb4ddfee18a43580fb5d",
    "strip_prefix": "rules_cc-0.0.4",
    "licence": "Apache-2.0",
    "debian_source": "bazel-rules-cc_0.0.4.orig.tar.xz",
    # Bazel 4.2.3 has no use_cpp_toolchain(); the patch names the toolchain type instead.
    "patches": ["//third_party/rules_cc:bazel-4.patch"],
}
