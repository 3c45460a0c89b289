"""Abseil: strings, containers, Status."""

ARCHIVE = {
    "name": "com_google_absl",
    "url": "https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz",
    "sha256": "91ac87d30cc6d79f9ab974c51874a704de9c2647c40f6932597329a282217ba8",
    "strip_prefix": "abseil-cpp-20220623.1",
    "licence": "Apache-2.0",
    "debian_source": "abseil_20220623.1.orig.tar.gz",
    # Debian renamed the top folder; with the name put back the bytes are upstream's.
    "debian_top_folder": "abseil-20220623.1",
    # status.h, which nearly every file includes, does not need all of cord.h: 0.4 s a file.
    "patches": ["//third_party/absl:status_without_cord.patch"],
}
