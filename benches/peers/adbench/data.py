"""The problems' data, as the program in Rust wrote them, and the clock."""

import time
from pathlib import Path

import numpy as np

GMM = {"d": 10, "k": 25, "n": 1000}
LSTM = {"layers": 2, "b": 14}


class Data:
    def __init__(self, folder):
        self.folder = Path(folder)

    def __getattr__(self, name):
        return np.fromfile(self.folder / name, dtype="<f8")


def gmm_parts(theta):
    """α \\[K\\], means \\[K, 1, d\\], roots \\[K, d(d + 1)/2\\]."""
    d, k = GMM["d"], GMM["k"]
    return theta[:k], theta[k : k * (1 + d)].reshape(k, 1, d), theta[k * (1 + d) :].reshape(k, -1)


def matrix_places(d):
    """Where each element of a lower triangular matrix stands in a root that is followed by a zero."""
    places = [[d * (d + 1) // 2] * d for _ in range(d)]
    below = ((row, column) for column in range(d) for row in range(column + 1, d))
    for i, (row, column) in enumerate([*((i, i) for i in range(d)), *below]):
        places[row][column] = i
    return np.array(places)


def reprojection(ops, inputs, feature):
    """The reprojection error of a point, weighted; `ops` has sqrt, sin, cos."""
    r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x, y, z, w = inputs
    x, y, z = x - c0, y - c1, z - c2
    angle = ops.sqrt(r0 * r0 + r1 * r1 + r2 * r2)
    cos, sin = ops.cos(angle), ops.sin(angle)
    n0, n1, n2 = r0 / angle, r1 / angle, r2 / angle
    along = (n0 * x + n1 * y + n2 * z) * (1 - cos)
    a = x * cos + (n1 * z - n2 * y) * sin + n0 * along
    b = y * cos + (n2 * x - n0 * z) * sin + n1 * along
    c = z * cos + (n0 * y - n1 * x) * sin + n2 * along
    p, q = a / c, b / c
    square = p * p + q * q
    distortion = 1 + k1 * square + k2 * square * square
    return (p * distortion * f + u - feature[0]) * w, (q * distortion * f + v - feature[1]) * w


def character(ops, theta, state, given, following):
    """One character of the network: the new state, and the loss. `theta` and `state` are rows."""
    sigmoid = lambda x: 1 / (1 + ops.exp(-x))
    layers = LSTM["layers"]
    new, x = [], given * theta[8 * layers]
    for layer in range(layers):
        gate = lambda g, x: x * theta[8 * layer + g] + theta[8 * layer + 4 + g]
        hidden, cell = state[2 * layer], state[2 * layer + 1]
        forget, enter, leave = sigmoid(gate(0, x)), sigmoid(gate(1, hidden)), sigmoid(gate(2, x))
        cell = cell * forget + enter * ops.tanh(gate(3, hidden))
        x = leave * ops.tanh(cell)
        new += [x, cell]
    predicted = x * theta[8 * layers + 1] + theta[8 * layers + 2]
    total = ops.log(2 + ops.sum(ops.exp(predicted)))
    return new, ops.sum(following) * total - ops.sum(predicted * following)


def median(work, seconds):
    """The median of samples of processor time; at least one call each."""
    clock, samples = time.process_time, []
    start = clock()
    while not samples or clock() - start < seconds:
        begin, calls = clock(), 0
        while calls == 0 or clock() - begin < 0.001:
            work()
            calls += 1
        samples.append((clock() - begin) / calls)
    return sorted(samples)[len(samples) // 2]


def contest(tool, folder, sides, seconds):
    """Compares, then times; `sides` gives for each problem value(), derivative() and what makes an array of the derivative."""
    data = Data(folder)
    for problem, (value, derivative, answer) in sides.items():
        exact = getattr(data, f"{problem}_derivative")
        expected = float(getattr(data, f"{problem}_value")[0])
        own = float(value(compare=True))
        assert abs(own - expected) <= 1e-10 * abs(expected), f"{problem}: {tool} finds {own}, not {expected}"
        found = np.asarray(answer(derivative())).reshape(-1)
        error = float(np.abs(found - exact).max() / np.abs(exact).max())
        assert error <= 1e-10, f"{problem}: {tool} is off by {error}"
        times = [min(median(work, seconds / 3) for _ in range(3)) for work in (value, derivative)]
        print(f"{problem}\t{tool}\t{times[0]:e}\t{times[1]:e}\t{error:e}", flush=True)
