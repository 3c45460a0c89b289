"""Makes the reference values that the tests of nearest neighbours in C++ compare with.

    python3 eval/testdata/generate_knn.py

Versions, pinned in tools/checks/requirements.txt: Python 3.11, numpy 2.4.6, safetensors 0.8.0.
`tools/checks/run` installs them and runs this file again to compare.

The classifier of Caron et al. (arXiv 2104.14294), in float64 and one query after another: cosines with
all of the memory, sorted; each of the k nearest votes for its class with exp(cosine / temperature).

README.md beside this file says what the fixture holds.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file

Arrays = dict[str, np.ndarray]

EXACT = ("memory", "queries", "labels", "truths", "index", "correct")

SEED = 20241128
CLASSES, WIDTH = 7, 24
MEMORY, QUERIES, NEAREST = 90, 40, 20
SETTINGS = {"k20": (20, 0.07), "k5": (5, 0.07), "k1": (1, 0.07), "all": (MEMORY, 1.0)}


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))


def rank(votes: np.ndarray, truth: int) -> int:
    """How many classes come before: of equal votes those of smaller number."""
    order = sorted(range(CLASSES), key=lambda number: (-votes[number], number))
    return order.index(truth)


def make_fixture() -> Arrays:
    rng = np.random.default_rng(SEED)
    middles = rng.standard_normal((CLASSES, WIDTH))
    labels = rng.integers(0, CLASSES, MEMORY)
    truths = rng.integers(0, CLASSES, QUERIES)
    # So far apart that most are right, and not all.
    memory = (0.5 * middles[labels] + rng.standard_normal((MEMORY, WIDTH))).astype(np.float32)
    queries = (0.5 * middles[truths] + rng.standard_normal((QUERIES, WIDTH))).astype(np.float32)
    fixture = {"memory": memory, "queries": queries, "labels": labels, "truths": truths}
    cosines = unit(queries.astype(np.float64)) @ unit(memory.astype(np.float64)).T
    order = np.argsort(-cosines, axis=1, kind="stable")
    fixture["index"] = order[:, :NEAREST]
    fixture["similarity"] = np.take_along_axis(cosines, fixture["index"], axis=1)
    for name, (k, temperature) in SETTINGS.items():
        votes = np.zeros((QUERIES, CLASSES))
        for query in range(QUERIES):
            for near in order[query, :k]:
                votes[query, labels[near]] += np.exp(cosines[query, near] / temperature)
        ranks = [rank(votes[i], truths[i]) for i in range(QUERIES)]
        has_vote = votes[np.arange(QUERIES), truths] > 0
        top1 = sum(r < 1 for r in ranks)
        top5 = sum(r < 5 and voted for r, voted in zip(ranks, has_vote))
        fixture[f"votes/{name}"] = votes / votes.sum(axis=1, keepdims=True)
        fixture[f"correct/{name}"] = np.array([top1, top5])
    return fixture


def write_fixtures(folder: pathlib.Path) -> None:
    arrays = {
        name: value.astype(np.int64 if value.dtype.kind == "i" else np.float32)
        for name, value in make_fixture().items()
    }
    save_file(arrays, folder / "knn.safetensors")


if __name__ == "__main__":
    write_fixtures(pathlib.Path(__file__).resolve().parent)
