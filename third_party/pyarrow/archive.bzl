"""Apache Arrow's C++ libraries, out of its Python package: reading Parquet."""

ARCHIVE = {
    "name": "pyarrow",
    "wheel": "pyarrow==26.0.1",
    "sha256": "39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c",
    "licence": "Apache-2.0",
    "build_file": "//third_party/pyarrow:pyarrow.BUILD",
    # Headers and the two libraries, 68 of 165 MB. They need nothing beside the C and C++ libraries.
    "keep": [
        "pyarrow/include/*",
        "pyarrow/libarrow.so.2600",
        "pyarrow/libparquet.so.2600",
        "pyarrow-26.0.1.dist-info/licenses/*",
    ],
}
