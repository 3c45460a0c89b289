"""lodepng: reads and writes PNG of every kind in two files, without another library."""

ARCHIVE = {
    "name": "lodepng",
    "url": "https://github.com/lvandeve/lodepng/archive/b4ed2cd7ecf61d29076169b49199371456d4f90b.tar.gz",
    "sha256": "b67e466ba659c07ac775d07dbd97af319cde449ce14abed9ae596df29d888603",
    "strip_prefix": "lodepng-b4ed2cd7ecf61d29076169b49199371456d4f90b",
    "licence": "Zlib",
    "debian_source": "lodepng_0.0~git20220618.b4ed2cd.orig.tar.gz",
    "debian_top_folder": "lodepng-0.0~git20220618.b4ed2cd",
    "build_file": "//third_party/lodepng:lodepng.BUILD",
}
