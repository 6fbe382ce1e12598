"""Writes `workloads.json`. Needed only when a workload changes."""

import json
import math
import re
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from workloads import HERE, uniform

LYNX_HARE = HERE.parent.parent / "examples" / "lynx-hare.csv"


def spiral_windows(count, length):
    """`count` windows of the spiral dy/dt = A y³, seen at `length` of 1000 times between 0 and 25."""
    times = np.linspace(0.0, 25.0, 1000)
    a = np.array([[-0.1, 2.0], [-2.0, -0.1]])
    truth = solve_ivp(lambda t, y: y**3 @ a, (0.0, 25.0), [2.0, 0.0], "DOP853", times, rtol=1e-13, atol=1e-13).y.T
    starts = np.floor((uniform(11, count) + 1.0) / 2.0 * (len(times) - length)).astype(int)
    windows = np.stack([truth[s : s + length] for s in starts], axis=1)
    return times[:length].tolist(), windows.round(12)


def main():
    times, windows = spiral_windows(20, 10)
    data = np.loadtxt(LYNX_HARE, delimiter=",", skiprows=1)
    root = math.sqrt
    definitions = {
        "w1": {
            "title": "Spiral, one training iteration: 20 × 2, network 2-50-2 of y³, 10 saves, mean absolute error, Dormand–Prince 5(4), RMSprop",
            "unit": "iteration",
            "widths": [2, 50, 2],
            "theta": {"seed": 1, "weight": [0.1 * root(3.0), 0.1 * root(3.0)], "bias": [0.0, 0.0]},
            "times": times,
            "windows": windows.tolist(),
            "iterations": 100,
            "learning_rate": 1e-3,
            "tolerances": {"f64": [1e-7, 1e-9], "f32": [1e-6, 1e-8]},
            "first_step": {"discrete": 0.01, "backsolve": 0.03},
        },
        "w2": {
            "title": "Gradient of 24 864 parameters: network 32-128-128-32, batch 256, t from 0 to 1, mean of y(1)², Dormand–Prince 5(4)",
            "unit": "gradient",
            "widths": [32, 128, 128, 32],
            "theta": {
                "seed": 2,
                "weight": [2.5 / root(32.0), 2.5 / root(128.0), 2.5 / root(128.0)],
                "bias": [1.0 / root(32.0), 1.0 / root(128.0), 1.0 / root(128.0)],
            },
            "h0": {"seed": 3, "scale": root(3.0)},
            "batch": 256,
            "tolerances": [1e-5, 1e-5],
            "first_step": 0.1,
        },
        "w3": {
            "title": "Gradient of the Lotka–Volterra fit to the hare and lynx counts: 4 parameters, 2 initial values, log-squares, Tsitouras 5(4)",
            "unit": "gradient",
            "parameters": [0.55, 0.028, 0.80, 0.024],
            "h0": [33.0, 5.9],
            "times": (data[:, 0] - data[0, 0]).tolist(),
            "data": data[:, 1:].tolist(),
            "tolerances": [1e-8, 1e-8],
            "first_step": 0.01,
        },
        "w4": {
            "title": "10 000 Lorenz trajectories, rho from 0 to 21, t from 0 to 10, Tsitouras 5(4)",
            "unit": "ensemble",
            "count": 10000,
            "sigma": 10.0,
            "beta": 8.0 / 3.0,
            "rho": [0.0, 21.0],
            "h0": [1.0, 0.0, 0.0],
            "t1": 10.0,
            "tolerances": [1e-6, 1e-6],
            "first_step": 0.01,
        },
    }
    text = compact(json.dumps(definitions, ensure_ascii=False, indent=1))
    Path(HERE / "workloads.json").write_text(text + "\n")


def compact(text):
    """Puts innermost arrays on one line."""
    return re.sub(r"\[\s*([^\[\]{}]*?)\s*\]", lambda m: "[" + re.sub(r"\s+", " ", m.group(1)) + "]", text)


if __name__ == "__main__":
    main()
