"""Reference values for the model files beside this script, from models written here a second time and solved by SciPy.

    python3 make.py

writes `pollution.csv` and `pleiades.csv` (solutions at the parameters of the literature: synthetic data) and `values.json`: the states at the end,
and the loss of the model file with its gradient at other parameters, by forward sensitivities. Made with SciPy 1.17.1 and NumPy 2.4.6.
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

HERE = Path(__file__).parent


def derivative(f, x):
    """The Jacobian of an analytic function, by complex steps: to rounding."""
    columns = []
    for i in range(len(x)):
        z = x.astype(complex)
        z[i] += 1e-30j
        columns.append(np.imag(f(z)) / 1e-30)
    return np.array(columns).T


def sensitivities(f, y0, k, wrt, times, method, **tolerances):
    """States and their derivatives by the parameters numbered `wrt` at `times`."""
    n, p = len(y0), len(wrt)

    def by_parameters(y):
        if p == 0:
            return np.zeros((n, 0))

        def only(values):
            full = k.astype(complex)
            full[wrt] = values
            return f(y, full)

        return derivative(only, k[wrt])

    def slope(_, z):
        y, s = z[:n], z[n:].reshape(p, n)
        jacobian = derivative(lambda y: f(y, k), y)
        return np.concatenate([f(y, k), (s @ jacobian.T + by_parameters(y).T).ravel()])

    def jacobian(_, z):
        # Without what the sensitivities owe to the state: Newton's iteration converges all the same.
        return np.kron(np.eye(p + 1), derivative(lambda y: f(y, k), z[:n]))

    if method in ("Radau", "BDF"):
        tolerances["jac"] = jacobian
    start = np.concatenate([y0, np.zeros(n * p)])
    found = solve_ivp(slope, (0, times[-1]), start, method=method, t_eval=times, **tolerances)
    assert found.success, found.message
    z = found.y.T
    return z[:, :n], z[:, n:].reshape(len(times), p, n)


def pollution(y, k):
    """Verwer (1994); products that are gained and lost reaction by reaction."""
    r = [0 * k[0]] * 26
    for number, (factors) in enumerate(
        [(0,), (1, 3), (4, 1), (6,), (6,), (6, 5), (8,), (8, 5), (10, 1), (10, 0), (12,), (9, 1), (13,), (0, 5), (2,), (3,), (3,)]
        + [(15,), (15,), (16, 5), (18,), (18,), (0, 3), (18, 0), (19,)]
    ):
        rate = k[number]
        for factor in factors:
            rate = rate * y[factor]
        r[number + 1] = rate
    gained = [
        (2, 3, 9, 11, 12, 22, 25), (1, 21), (1, 17, 19, 22), (15,), (4, 4, 6, 7, 13, 20), (3, 18, 18), (13,), (4, 5, 6, 7), (), (7, 9), (8, 11),
        (9,), (10,), (12,), (14,), (16,), (), (20,), (23, 25), (24,),
    ]
    lost = [
        (1, 10, 14, 23, 24), (2, 3, 9, 12), (15,), (2, 16, 17, 23), (3,), (6, 8, 14, 20), (4, 5, 6), (), (7, 8), (12,), (9, 10), (), (11,), (13,),
        (), (18, 19), (20,), (), (21, 22, 24), (25,),
    ]
    return np.array([sum(r[i] for i in g) - sum(r[i] for i in l) for g, l in zip(gained, lost)])


def pleiades(y, m):
    x, y, u, v = y.reshape(4, 7)
    dx, dy = x[None, :] - x[:, None], y[None, :] - y[:, None]
    cube = (dx**2 + dy**2 + np.eye(7)) ** 1.5
    return np.concatenate([u, v, (m * dx / cube).sum(axis=1), (m * dy / cube).sum(axis=1)])


def write_csv(name, columns, times, rows):
    lines = [",".join(["t"] + columns)]
    lines += [",".join(repr(float(x)) for x in [t, *row]) for t, row in zip(times, rows)]
    (HERE / name).write_text("\n".join(lines) + "\n")


def main():
    values = {}

    species = "NO2 NO O3P O3 HO2 OH HCHO CO ALD MEO2 C2O3 CO2 PAN CH3O HNO3 O1D SO2 SO4 NO3 N2O5".split()
    k = np.array(
        [0.35, 26.6, 12300, 0.00086, 0.00082, 15000, 0.00013, 24000, 16500, 9000, 0.022, 12000, 1.88, 16300, 4.8e6, 0.00035, 0.0175, 1e8]
        + [4.44e11, 1240, 2.1, 5.78, 0.0474, 1780, 3.12]
    )
    y0 = np.zeros(20)
    y0[[1, 3, 6, 7, 8, 16]] = [0.2, 0.04, 0.1, 0.3, 0.01, 0.007]
    observed = [species.index(name) for name in "NO2 NO O3 HCHO PAN HNO3 SO2".split()]
    free = np.array([0, 1, 2, 3, 13, 19])
    times = np.array([1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    tight = dict(rtol=1e-12, atol=1e-19)
    truth, _ = sensitivities(pollution, y0, k, free[:0], times, "Radau", **tight)
    write_csv("pollution.csv", [species[i] for i in observed], times, truth[:, observed])
    other = k.copy()
    other[free] *= [1.3, 0.8, 1.2, 0.7, 1.1, 1.5]
    states, tangents = sensitivities(pollution, y0, other, free, times, "Radau", **tight)
    residuals = np.log(states[:, observed]) - np.log(truth[:, observed])
    by_parameter = tangents[:, :, observed] / states[:, None, observed]
    values["pollution"] = {
        "end": dict(zip(species, truth[-1].tolist())),
        "at": {f"k{i + 1}": other[i] for i in free},
        "loss": (residuals**2).sum(),
        "gradient": dict(zip([f"k{i + 1}" for i in free], (2 * residuals[:, None] * by_parameter).sum(axis=(0, 2)).tolist())),
    }

    names = [f"{letter}{i}" for letter in "xyuv" for i in range(1, 8)]
    y0 = np.array([3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0], dtype=float)
    masses, all_masses = np.arange(1.0, 8.0), np.arange(7)
    times = np.linspace(0.25, 3.0, 12)
    tight = dict(rtol=1e-13, atol=1e-14)
    truth, _ = sensitivities(pleiades, y0, masses, all_masses[:0], times, "DOP853", **tight)
    write_csv("pleiades.csv", names[:14], times, truth[:, :14])
    other = masses * [1.01, 0.99, 1.005, 1.0, 0.995, 1.01, 0.99]
    states, tangents = sensitivities(pleiades, y0, other, all_masses, times, "DOP853", **tight)
    residuals = states[:, :14] - truth[:, :14]
    values["pleiades"] = {
        "end": dict(zip(names, truth[-1].tolist())),
        "at": {f"m{i + 1}": other[i] for i in range(7)},
        "loss": (residuals**2).sum(),
        "gradient": dict(zip([f"m{i + 1}" for i in range(7)], (2 * residuals[:, None] * tangents[:, :, :14]).sum(axis=(0, 2)).tolist())),
    }

    (HERE / "values.json").write_text(json.dumps(values, indent=1) + "\n")


main()
