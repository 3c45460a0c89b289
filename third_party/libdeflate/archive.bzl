"""libdeflate: gzip in one call, checked, for whole files in memory."""

ARCHIVE = {
    "name": "libdeflate",
    "url": "https://github.com/ebiggers/libdeflate/archive/v1.14.tar.gz",
    "sha256": "89e7df898c37c3427b0f39aadcf733731321a278771d20fc553f92da8d4808ac",
    "strip_prefix": "libdeflate-1.14",
    "licence": "MIT",
    "debian_source": "libdeflate_1.14.orig.tar.gz",
    "build_file": "//third_party/libdeflate:libdeflate.BUILD",
}
