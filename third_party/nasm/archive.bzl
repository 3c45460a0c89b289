"""nasm: assembles the SIMD code of libjpeg-turbo. Runs while building; no program of ours holds any of it."""

ARCHIVE = {
    "name": "nasm",
    "url": "https://www.nasm.us/pub/nasm/releasebuilds/2.16.01/nasm-2.16.01.tar.xz",
    "sha256": "c77745f4802375efeee2ec5c0ad6b7f037ea9c87c92b149a9637ff099f162558",
    "strip_prefix": "nasm-2.16.01",
    "licence": "BSD-2-Clause",
    "debian_source": "nasm_2.16.01.orig.tar.xz",
    "build_file": "//third_party/nasm:nasm.BUILD",
}
