"""Pictures, and the files that Pillow makes of them."""

import io

import numpy as np
from PIL import Image

Files = dict[str, bytes]  # by name


def picture(width: int, height: int, seed: int) -> Image.Image:
    """Smooth waves of every colour, edges, and a little noise: what JPEG has to work for."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = []
    for _ in range(3):
        angle = random.uniform(0, 2 * np.pi)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / random.uniform(3, 9))
        edge = np.where(x * random.uniform(0.5, 1.5) > y, 40, -40)
        noise = random.normal(0, 6, (height, width))
        channels.append(128 + 70 * wave + edge + noise)
    pixels = np.clip(np.stack(channels, axis=-1).round(), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


def file_of(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
