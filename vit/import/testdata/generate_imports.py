"""Makes the models that import_model_test reads: small ones of other packages, with their logits.

    python3 vit/import/testdata/generate_imports.py [--output_dir=FOLDER] [NAME...]

Versions: torch 2.11.0, torchvision 0.26.0, timm 1.0.31, transformers 4.57.6 and 5.24.0, vit-pytorch 1.26.11,
safetensors 0.8.0, pinned in tools/checks/requirements*.txt. `tools/checks/run fixtures` makes them again and
compares. Fixtures whose name ends in _4 or _5 are of that version of transformers, so that the program runs
once with each in PYTHONPATH; names that the installed one can't make are passed over.

Every parameter is drawn at random, also those that packages begin with zeros or ones. A file holds the tensors as the
package saves them, "weights/" before their names, and "images" and "logits", computed in float64.
"""

import argparse
import functools
import pathlib
import tempfile

from safetensors.torch import load_file, save_file
import torch

CLASSES = 5
SIZES = {"img_size": 8, "patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2, "num_classes": CLASSES}


def timm_vit(**options):
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(**(SIZES | options))


def timm_distilled(**options):
    from timm.models.deit import VisionTransformerDistilled

    return VisionTransformerDistilled(**SIZES, **options)


def timm_swiglu():
    from timm.layers import SwiGLUPacked

    return timm_vit(mlp_layer=SwiGLUPacked, act_layer=torch.nn.SiLU, init_values=1, mlp_ratio=4)


def timm_clip(activation):
    from timm.layers import LayerNorm

    # As timm's CLIP models, which have another epsilon than its others.
    norm = functools.partial(LayerNorm, eps=1e-5)
    return timm_vit(pre_norm=True, norm_layer=norm, act_layer=activation)


def transformers_model(kind, head, **options):
    import transformers

    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 8, "patch_size": 4}
    if kind in ("ViT", "DeiT"):
        sizes["intermediate_size"] = 24
    config = getattr(transformers, f"{kind}Config")(num_labels=CLASSES, **sizes, **options)
    return getattr(transformers, kind + head)(config)


def torchvision_vit():
    import torchvision

    return torchvision.models.VisionTransformer(8, 4, 2, 2, 8, 24, num_classes=CLASSES)


def vit_pytorch_vit(**options):
    import vit_pytorch

    return vit_pytorch.ViT(
        image_size=8, patch_size=4, num_classes=CLASSES, dim=8, depth=2, heads=2, dim_head=4, mlp_dim=24, **options
    )


def quick_gelu():
    from timm.layers import get_act_layer

    return get_act_layer("quick_gelu")


# As their names in timm and transformers say; the sizes are small.
MODELS = {
    "timm_vit": lambda: timm_vit(),
    "timm_wide": lambda: timm_vit(img_size=(8, 12)),
    "timm_vit_mean": lambda: timm_vit(global_pool="avg"),
    "timm_vit_no_class_token": lambda: timm_vit(global_pool="avg", class_token=False),
    "timm_query_key_norm": lambda: timm_vit(qk_norm=True, qkv_bias=False),
    "timm_deit_distilled": lambda: timm_distilled(),
    "timm_deit3": lambda: timm_vit(no_embed_class=True, init_values=1e-6),
    "timm_dinov2": lambda: timm_vit(init_values=1e-5),
    "timm_dinov2_registers": lambda: timm_vit(init_values=1e-5, reg_tokens=4, no_embed_class=True),
    "timm_registers_with_positions": lambda: timm_vit(reg_tokens=2),
    "timm_dinov2_giant": timm_swiglu,
    "timm_clip": lambda: timm_clip(torch.nn.GELU),
    "timm_clip_quickgelu": lambda: timm_clip(quick_gelu()),
    "torchvision": torchvision_vit,
    "vit_pytorch": lambda: vit_pytorch_vit(),
} | {
    f"transformers_{name}_{version}": lambda kind=kind, head=head, options=options: transformers_model(
        kind, head, **options
    )
    for version in (4, 5)
    for name, kind, head, options in (
        ("vit", "ViT", "ForImageClassification", {}),
        ("deit", "DeiT", "ForImageClassification", {"hidden_act": "gelu_new"}),
        ("deit_teacher", "DeiT", "ForImageClassificationWithTeacher", {}),
        ("dinov2", "Dinov2", "ForImageClassification", {}),
        ("dinov2_swiglu", "Dinov2", "ForImageClassification", {"use_swiglu_ffn": True}),
        ("dinov2_registers", "Dinov2WithRegisters", "ForImageClassification", {}),
    )
}


# Saved at their size, and then used at another, to which timm resamples the positions.
LARGER, TALLER = "_larger", "_taller"
MODELS |= {f"{name}{LARGER}": MODELS[name] for name in ("timm_vit", "timm_deit_distilled", "timm_dinov2_registers")}
MODELS |= {f"timm_vit{TALLER}": MODELS["timm_vit"]}
OTHER_SIZES = {LARGER: (12, 12), TALLER: (16, 8)}


def can_make(name):
    if not name.startswith("transformers"):
        try:
            import timm  # noqa: F401
        except ImportError:
            return False
        return True
    try:
        import transformers
    except ImportError:
        return False
    return transformers.__version__.startswith(name[-1] + ".")


def saved_tensors(model):
    """As its package writes them to a file."""
    if not hasattr(model, "save_pretrained"):
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(f"{folder}/model.safetensors")


def logits(model, images):
    output = model(images)
    return output if isinstance(output, torch.Tensor) else output.logits


def generate(name):
    torch.manual_seed(len(name))
    model = MODELS[name]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
        values = {f"weights/{key}": tensor for key, tensor in saved_tensors(model).items()}
        size = (8, 12) if name == "timm_wide" else (8, 8)
        for ending, other in OTHER_SIZES.items():
            if name.endswith(ending):
                size = other
                model.set_input_size(size)
        images = torch.randn(3, 3, *size)
        values |= {"images": images, "logits": logits(model.double(), images.double()).float()}
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output_dir", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    parser.add_argument("names", nargs="*", choices=[*MODELS, []])
    arguments = parser.parse_args()
    for name in arguments.names or filter(can_make, MODELS):
        save_file(generate(name), arguments.output_dir / f"{name}.safetensors")


if __name__ == "__main__":
    main()
