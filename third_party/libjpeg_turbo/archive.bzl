"""libjpeg-turbo: reads and writes JPEG, with its assembly for SSE2 and AVX2."""

ARCHIVE = {
    "name": "libjpeg_turbo",
    "url": "https://github.com/libjpeg-turbo/libjpeg-turbo/archive/refs/tags/2.1.5.tar.gz",
    "sha256": "254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c",
    "strip_prefix": "libjpeg-turbo-2.1.5",
    "licence": "IJG and BSD-3-Clause; Zlib for the SIMD code",
    "debian_source": "libjpeg-turbo_2.1.5.orig.tar.gz",
    "build_file": "//third_party/libjpeg_turbo:libjpeg_turbo.BUILD",
}
