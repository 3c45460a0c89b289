"""Writes a checkpoint as a model of timm, tensor by tensor, in the folder's layout of Hugging Face's hub:

    PYTHONPATH=$(tools/checks/packages models transformers5) python3 -S tools/checks/export_timm.py CHECKPOINT FOLDER

The model has no norms of the patch embedding (model.patch_norms=false), which timm's has not. timm loads every tensor
strictly before it is written.
"""

import pathlib
import re
import sys

from safetensors.torch import load_file
from timm.models import save_for_hf
from timm.models.vision_transformer import VisionTransformer
import torch

NAMES = (
    (r"^class_token$", "cls_token"),
    (r"^position_embedding$", "pos_embed"),
    (r"^patch_embedding\.projection\.", "patch_embed.proj."),
    (r"\.attention_norm\.", ".norm1."),
    (r"\.attention\.qkv\.", ".attn.qkv."),
    (r"\.attention\.projection\.", ".attn.proj."),
    (r"\.mlp_norm\.", ".norm2."),
    (r"\.mlp\.hidden\.", ".mlp.fc1."),
    (r"\.mlp\.output\.", ".mlp.fc2."),
    (r"^final_norm\.", "norm."),
)


def field(manifest: str, name: str, default: str) -> str:
    found = re.search(rf"\b{name}: (\S+)", manifest)
    return found[1] if found else default


def renamed(name: str) -> str:
    for pattern, theirs in NAMES:
        name = re.sub(pattern, theirs, name)
    return name


def main() -> None:
    checkpoint, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    manifest = (checkpoint / "manifest.textproto").read_text()
    size, patch, width, depth, heads = (
        int(field(manifest, name, "0")) for name in ("image_size", "patch_size", "width", "depth", "heads")
    )
    ours = load_file(checkpoint / "model.safetensors")
    theirs = {renamed(name): tensor for name, tensor in ours.items()}
    kernel = theirs["patch_embed.proj.weight"]  # [D, (row, column, channel)]
    theirs["patch_embed.proj.weight"] = (
        kernel.reshape(width, patch, patch, -1).permute(0, 3, 1, 2).contiguous()
    )
    classes = len(theirs["head.weight"])
    model = VisionTransformer(
        img_size=size, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads, num_classes=classes
    )
    model.load_state_dict(theirs, strict=True)
    model.pretrained_cfg = {
        "architecture": "vit_tiny",
        "num_classes": classes,
        "input_size": (3, size, size),
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
        "crop_pct": 0.875,
        "interpolation": "bilinear",
    }
    with torch.no_grad():
        save_for_hf(model, folder, model_args={"num_heads": heads}, safe_serialization=True)
    print(f"{len(theirs)} tensors, {classes} classes")


if __name__ == "__main__":
    main()
