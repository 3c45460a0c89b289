"""Exported folders, as users of timm and of transformers load them."""

import json
import pathlib

import timm
from torch import Tensor, nn
import transformers

FORMATS = ("timm", "huggingface")


def load_timm(folder: pathlib.Path) -> nn.Module:
    """Every tensor is loaded strictly."""
    return timm.create_model(f"local-dir:{folder}", pretrained=True).eval()


def load_transformers(folder: pathlib.Path) -> nn.Module:
    has_head = not described_class(folder).endswith("Model")
    kind = transformers.AutoModelForImageClassification if has_head else transformers.AutoModel
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    left = {name: list(keys) for name, keys in info.items() if keys}
    if left:
        raise ValueError(f"{folder}: {left}")
    return model.eval()


def load(folder: pathlib.Path, format: str) -> nn.Module:
    return load_timm(folder) if format == "timm" else load_transformers(folder)


def outputs(model: nn.Module, images: Tensor) -> Tensor:
    """Logits, or of a model without a head its class token."""
    output = model(images)
    if isinstance(output, Tensor):
        return output
    return output.logits if hasattr(output, "logits") else output.last_hidden_state[:, 0]


def class_names(model: nn.Module) -> list[str]:
    if isinstance(model, transformers.PreTrainedModel):
        return [model.config.id2label[i] for i in range(model.config.num_labels)]
    return list(model.pretrained_cfg["label_names"])


def described_class(folder: pathlib.Path) -> str:
    """The architecture that its config.json names."""
    config = json.loads((folder / "config.json").read_text())
    return config["architecture"] if "architecture" in config else config["architectures"][0]
