"""Models of other packages by their names there, with random weights, saved as their packages do."""

import dataclasses
import pathlib
from collections.abc import Callable

from safetensors.torch import save_file
import timm
import torch
from torch import Tensor, nn
import torchvision
import transformers
import vit_pytorch

Save = Callable[[nn.Module, pathlib.Path], None]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], nn.Module]
    save: Save  # into an empty folder
    heads: tuple[str, ...]  # the modules that read the features
    fields: tuple[str, ...] = ()  # what its files do not say
    # Another size, height and width, for which the package resamples positions as we do.
    other_size: tuple[int, int] | None = None
    has_logits: bool = True


def randomize(model: nn.Module) -> nn.Module:
    """Packages begin with zeros and ones, of which a wrong order would not show."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = 0.2 if parameter.squeeze().dim() < 2 else 0.02
            parameter += scale * torch.randn_like(parameter)
    return model.eval()


def save_tensors(model: nn.Module, folder: pathlib.Path) -> None:
    save_file(model.state_dict(), folder / "model.safetensors")


def save_timm(model: nn.Module, folder: pathlib.Path) -> None:
    timm.models.save_for_hf(model, folder, safe_serialization=True)


def timm_case(name: str, save: Save = save_timm, label: str = "", fields=(), **options) -> Case:
    other_size = options.pop("other_size", (160, 160))
    heads = ("head", "head_dist") if "distilled" in name else ("head",)
    return Case(
        name=f"timm {name}{label}",
        make=lambda: timm.create_model(name, **options),
        save=save,
        heads=heads,
        fields=fields,
        other_size=other_size,
        has_logits=options.get("num_classes") != 0,
    )


def other_cases() -> list[Case]:
    """Of packages that are the same with each version of transformers."""
    vit = vit_pytorch.ViT
    sizes = {"image_size": 192, "patch_size": 16, "num_classes": 10, "dim": 192, "depth": 6}
    sizes |= {"heads": 3, "dim_head": 64, "mlp_dim": 768}
    mean = {"label": ", its mean read (as MAE)", "global_pool": "avg"}
    return [
        timm_case("vit_tiny_patch16_224"),
        timm_case("vit_tiny_patch16_224", save_tensors, ", no config.json", other_size=(96, 160)),
        timm_case("vit_small_patch16_224", **mean),
        timm_case(
            "vit_tiny_patch16_224", label=", mean after the norm", global_pool="avg", fc_norm=False
        ),
        timm_case("deit_tiny_patch16_224"),
        timm_case("deit_tiny_distilled_patch16_224"),
        timm_case("deit3_small_patch16_224", num_classes=10),
        timm_case(
            "vit_small_patch14_dinov2", num_classes=0, label=", no head", other_size=(154, 154)
        ),
        timm_case("vit_small_patch14_reg4_dinov2", num_classes=10, other_size=(196, 154)),
        timm_case("vit_base_patch32_clip_quickgelu_224", other_size=(160, 160)),
        timm_case(
            "vit_xsmall_patch16_clip_224", save_tensors, ", no config.json", other_size=(160, 160)
        ),
        timm_case("vit_base_patch16_224", num_classes=10, other_size=None),
        Case("torchvision vit_b_32", torchvision.models.vit_b_32, save_tensors, ("heads",)),
        Case("vit-pytorch ViT", lambda: vit(**sizes), save_tensors, ("mlp_head",)),
    ]


def save_transformers(processor: transformers.BaseImageProcessor | None, **options) -> Save:
    def save(model: nn.Module, folder: pathlib.Path) -> None:
        model.save_pretrained(folder, **options)
        if processor is not None:
            processor.save_pretrained(folder)

    return save


def transformers_case(
    kind: str, ending: str, save: Save, fields=(), label: str = "", **options
) -> Case:
    sizes = {"hidden_size": 192, "num_hidden_layers": 12, "num_attention_heads": 3}
    sizes |= {"id2label": {i: f"kind {i}" for i in range(10)}}
    config = getattr(transformers, f"{kind}Config")
    heads = (
        ("cls_classifier", "distillation_classifier") if "Teacher" in ending else ("classifier",)
    )
    return Case(
        name=f"transformers {transformers.__version__} {kind}{ending}{label}",
        make=lambda: getattr(transformers, kind + ending)(config(**(sizes | options))),
        save=save,
        heads=heads,
        fields=fields,
    )


def transformers_cases() -> list[Case]:
    t = transformers
    head, in_parts = "ForImageClassification", {"max_shard_size": "4MB"}
    mlp = {"intermediate_size": 768}
    # Of published weights: positions for 518 pixels, of which the processor makes 224. We resample
    # them as timm does, antialiased, but transformers is not: they are compared at their own size.
    dinov2 = {
        "size": {"shortest_edge": 256},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    positions = {"image_size": 518, "patch_size": 14}
    own_size = ("model.image_size=518",)
    return [
        transformers_case("ViT", head, save_transformers(t.ViTImageProcessor()), **mlp),
        transformers_case(
            "ViT",
            head,
            save_transformers(t.ViTImageProcessor(), **in_parts),
            label=", in parts",
            **mlp,
        ),
        transformers_case("DeiT", head, save_transformers(t.DeiTImageProcessor()), **mlp),
        transformers_case(
            "DeiT", head + "WithTeacher", save_transformers(t.DeiTImageProcessor()), **mlp
        ),
        transformers_case(
            "Dinov2", head, save_transformers(t.BitImageProcessor(**dinov2)), own_size, **positions
        ),
        transformers_case(
            "Dinov2WithRegisters",
            head,
            save_transformers(t.BitImageProcessor(**dinov2)),
            own_size,
            **positions,
        ),
        transformers_case(
            "Dinov2",
            head,
            save_transformers(None),
            label=", SwiGLU",
            image_size=224,
            use_swiglu_ffn=True,
        ),
    ]


@dataclasses.dataclass
class Outputs:
    features: Tensor
    logits: Tensor


@torch.no_grad()
def run(case: Case, model: nn.Module, images: Tensor) -> Outputs:
    """Of the package's model, on one thread, in float32."""
    read = []
    hooks = [
        model.get_submodule(head).register_forward_pre_hook(
            lambda _, inputs: read.append(inputs[0])
        )
        for head in case.heads
    ]
    output = model(images)
    for hook in hooks:
        hook.remove()
    logits = output if isinstance(output, Tensor) else output.logits
    return Outputs(torch.stack(read, 1) if len(read) > 1 else read[0], logits)
