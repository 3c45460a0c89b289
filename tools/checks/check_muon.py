"""train/update/testdata/generate_muon.py takes the steps of torch.optim.Muon.

PyTorch's orthogonalises in bfloat16, so once it is compared as it is, loosely, and once with that
conversion turned into one to float64, tightly. It knows no packed matrices: queries, keys and values
are given to it as three parameters.
"""

import sys
from unittest import mock

import generate_muon
import numpy as np
import torch

# Of the largest change that the steps made to a parameter.
BFLOAT16_TOLERANCE, FLOAT64_TOLERANCE = 0.05, 1e-12

Parameters = dict[str, list[torch.Tensor]]


def split(arrays: generate_muon.Arrays) -> Parameters:
    return {
        name: [torch.from_numpy(piece.copy()) for piece in generate_muon.pieces(name, array)]
        for name, array in arrays.items()
    }


def torch_steps(initial: Parameters, gradients: list[Parameters]) -> generate_muon.Arrays:
    """The parameters after all steps of PyTorch's optimizer, packed again."""
    parameters = {name: [p.clone() for p in pieces] for name, pieces in initial.items()}
    optimizer = torch.optim.Muon(
        [p for pieces in parameters.values() for p in pieces],
        weight_decay=generate_muon.WEIGHT_DECAY,
        momentum=generate_muon.MOMENTUM,
        adjust_lr_fn="match_rms_adamw",
    )
    for learning_rate, step_gradients in zip(generate_muon.LEARNING_RATES, gradients):
        optimizer.param_groups[0]["lr"] = learning_rate
        for name, pieces in parameters.items():
            for p, gradient in zip(pieces, step_gradients[name]):
                p.grad = gradient.clone()
        optimizer.step()
    return {name: torch.cat(pieces).numpy() for name, pieces in parameters.items()}


def largest_difference(ours: np.ndarray, theirs: np.ndarray, initial: np.ndarray) -> float:
    return np.abs(ours - theirs).max() / np.abs(ours - initial).max()


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    initial = {name: generate_muon.draw(rng, s) for name, s in generate_muon.SHAPES.items()}
    gradients = [generate_muon.draw_gradients(rng) for _ in generate_muon.LEARNING_RATES]

    ours = generate_muon.Muon({name: p.copy() for name, p in initial.items()})
    for learning_rate, step_gradients in zip(generate_muon.LEARNING_RATES, gradients):
        ours.step(step_gradients, learning_rate)

    arguments = split(initial), [split(step_gradients) for step_gradients in gradients]
    as_it_is = torch_steps(*arguments)
    with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.double):
        in_float64 = torch_steps(*arguments)

    problems = []
    for name, p in ours.parameters.items():
        loose = largest_difference(p, as_it_is[name], initial[name])
        tight = largest_difference(p, in_float64[name], initial[name])
        print(f"{name}: differs by {loose:.1e} in bfloat16, by {tight:.1e} in float64")
        # Equal to the last bits in both would mean that the conversion was not replaced.
        if not FLOAT64_TOLERANCE < loose < BFLOAT16_TOLERANCE or not tight < FLOAT64_TOLERANCE:
            problems.append(f"{name} is not as torch.optim.Muon leaves it")
    if problems or not ours.parameters:
        sys.exit("\n".join(problems) or "nothing was compared")


if __name__ == "__main__":
    main()
