"""ONNX: only the definition of its files, onnx.proto, which models are exported in."""

ARCHIVE = {
    "name": "onnx",
    "wheel": "onnx==1.23.2",
    "sha256": "c03ecf6b835d136108eeaeeafbd0026fc7b3cf98661409fbc6b63d5a29361348",
    "licence": "Apache-2.0",
    "build_file": "//third_party/onnx:onnx.BUILD",
    "keep": [
        "onnx-1.23.2.dist-info/licenses/*",
        "onnx/onnx.proto",
    ],
}
