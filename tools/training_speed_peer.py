"""Training steps of the same model in PyTorch, as its users would write them.

Started by tools/training_speed: MODE (eager, compile, or a mode of torch.compile) and a line of sizes as
//train/measure:training_speed prints it, which refuses a config with more in it than there is here. Prints
"ready". Then for each line of input, a number of steps, it takes them and prints {"milliseconds": [...],
"peak_mib": ...}.
"""

import json
import resource
import sys
import time

import torch
from torch import Tensor, nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, sizes: dict):
        super().__init__()
        self.heads = sizes["heads"]
        self.attention_dropout = sizes["attention_dropout"]
        self.projection_dropout = sizes["projection_dropout"]
        self.mlp_dropout = sizes["mlp_dropout"]
        width, mlp_width = sizes["width"], sizes["mlp_width"]
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, mlp_width)
        self.output = nn.Linear(mlp_width, width)

    def attention(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        dropped = self.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=dropped)
        return self.projection(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x: Tensor) -> Tensor:
        attended = self.attention(self.attention_norm(x))
        x = x + F.dropout(attended, self.projection_dropout, self.training)
        hidden = F.gelu(self.hidden(self.mlp_norm(x)))
        return x + F.dropout(self.output(hidden), self.mlp_dropout, self.training)


class VisionTransformer(nn.Module):
    def __init__(self, sizes: dict):
        super().__init__()
        self.patch, self.dropout = sizes["patch_size"], sizes["embedding_dropout"]
        width, count = sizes["width"], (sizes["image_size"] // self.patch) ** 2
        values = self.patch**2 * sizes["channels"]
        self.embedding = nn.Sequential(
            nn.LayerNorm(values), nn.Linear(values, width), nn.LayerNorm(width)
        )
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, count + 1, width))
        self.blocks = nn.Sequential(*(Block(sizes) for _ in range(sizes["depth"])))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, sizes["classes"])

    def forward(self, images: Tensor) -> Tensor:
        batch, channels, size, _ = images.shape
        grid, patch = size // self.patch, self.patch
        x = images.view(batch, channels, grid, patch, grid, patch).permute(0, 2, 4, 3, 5, 1)
        x = self.embedding(x.reshape(batch, grid * grid, -1))
        x = torch.cat([self.class_token.expand(batch, -1, -1), x], dim=1) + self.positions
        x = self.blocks(F.dropout(x, self.dropout, self.training))
        return self.head(self.norm(x[:, 0]))


def peak_mib(device: torch.device) -> float:
    """The most memory so far: of this process, or of a GPU what tensors took."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_optimizer(model: nn.Module, sizes: dict) -> torch.optim.Optimizer:
    # Linear weights have two dimensions; the class token and the positions have three.
    decayed_dimensions = {"LINEAR_WEIGHTS": {2}, "MATRICES": {2, 3}, "ALL": {1, 2, 3}}[sizes["decay"]]
    decayed = [p for p in model.parameters() if p.dim() in decayed_dimensions]
    plain = [p for p in model.parameters() if p.dim() not in decayed_dimensions]
    groups = [
        {"params": decayed, "weight_decay": sizes["weight_decay"]},
        {"params": plain, "weight_decay": 0},
    ]
    betas = (sizes["beta1"], sizes["beta2"])
    return torch.optim.AdamW(groups, lr=3e-4, betas=betas, eps=sizes["epsilon"], fused=True)


class Training:
    def __init__(self, mode: str, sizes: dict):
        self.device = torch.device(sizes["device"])
        self.clip_norm, self.label_smoothing = sizes["clip_norm"], sizes["label_smoothing"]
        self.precision = {"FP32": None, "BF16": torch.bfloat16, "FP16": torch.float16}[
            sizes["precision"]
        ]
        self.model = VisionTransformer(sizes).to(self.device)
        self.forward = self.loss
        if mode != "eager":
            usual = "reduce-overhead" if self.device.type == "cuda" else "default"
            self.forward = torch.compile(self.loss, mode=usual if mode == "compile" else mode)
        self.optimizer = make_optimizer(self.model, sizes)
        self.scaler = torch.amp.GradScaler(  # does nothing unless enabled
            self.device.type,
            init_scale=sizes["loss_scale"],
            growth_interval=sizes["growth_interval"],
            enabled=self.precision == torch.float16,
        )
        side, batch = sizes["image_size"], sizes["batch_size"]
        self.images = torch.randn(batch, sizes["channels"], side, side, device=self.device)
        self.labels = torch.randint(0, sizes["classes"], (batch,), device=self.device)

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        active = self.precision is not None
        with torch.autocast(self.device.type, self.precision or torch.bfloat16, enabled=active):
            logits = self.model(images)
            return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)

    def step(self) -> float:
        """Milliseconds."""
        start = time.perf_counter()
        loss = self.forward(self.images, self.labels)
        self.scaler.scale(loss).backward()
        if self.clip_norm > 0:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        loss.item()
        return 1000 * (time.perf_counter() - start)


def main() -> None:
    mode, sizes = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(sizes["threads"])
    if sizes["device"] != "cpu" and not torch.cuda.is_available():
        sys.exit("tools/training_speed: PyTorch can use no GPU here; --device=cpu compares without")
    print("ready", flush=True)
    device = torch.device(sizes["device"])
    # A GPU's count begins with the model.
    before = peak_mib(device) if device.type == "cpu" else 0
    training = Training(mode, sizes)
    for line in sys.stdin:
        milliseconds = [training.step() for _ in range(int(line))]
        answer = {"milliseconds": milliseconds, "peak_mib": peak_mib(device) - before}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
