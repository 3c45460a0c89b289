"""clang-format: one pinned version, because each formats a little differently."""

ARCHIVE = {
    "name": "clang_format",
    "wheel": "clang-format==14.0.6",
    "sha256": "d7c1c5e404c58e55f0170f01b3c5611dce6c119e62b5d1020347e0ad97d5a047",
    "licence": "Apache-2.0-with-LLVM-exception",
    "build_file": "//third_party/clang_format:clang_format.BUILD",
}
