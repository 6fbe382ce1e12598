"""The workloads, as every side of the comparison reads them: `workloads.json` and numbers from a seeded generator."""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def load():
    """The definitions."""
    return json.loads((HERE / "workloads.json").read_text())


def uniform(seed, count):
    """`count` numbers in [-1, 1) from SplitMix64; `costate-benches` has the same generator."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def layers(widths, seed, weight, bias):
    """Weights [out, in] and biases of a network, layer by layer, the way PyTorch orders them.

    The numbers of layer l are uniform in ±weight[l] and ±bias[l].
    """
    pairs = list(zip(widths, widths[1:]))
    stream = uniform(seed, sum(n * m + m for n, m in pairs))
    arrays, start = [], 0
    for (n, m), w, b in zip(pairs, weight, bias):
        arrays.append(w * stream[start : start + n * m].reshape(m, n))
        start += n * m
        arrays.append(b * stream[start : start + m])
        start += m
    return arrays


def flat(arrays):
    """All numbers of `arrays`, one after the other, as a list."""
    return np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in arrays]).tolist()
