"""Protocol Buffers once more, as sources: of Debian's compiled library some files can be in a program and not in a
shared library."""

ARCHIVE = {
    "name": "com_google_protobuf_source",
    "url": "https://github.com/protocolbuffers/protobuf/archive/v3.21.12.tar.gz",
    "sha256": "930c2c3b5ecc6c9c12615cf5ad93f1cd6e12d0aba862b572e076259970ac3a53",
    "strip_prefix": "protobuf-3.21.12",
    "licence": "BSD-3-Clause",
    "debian_source": "protobuf_3.21.12.orig.tar.gz",
    "build_file": "//third_party/protobuf_source:protobuf_source.BUILD",
}
