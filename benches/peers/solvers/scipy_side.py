"""Solves the small reference problems with SciPy and prints lines of JSON like the Rust program's. Started by `compare.py` in the environment that `run` makes.

    python scipy_side.py nonstiff|stiff PROBLEMS SECONDS

PROBLEMS is what `costate-peers-solvers problems` prints. The right-hand side is a Python function, as it is for who uses SciPy: most of the time passes there.
"""

import json
import statistics
import sys
import time
import warnings

import numpy as np
from scipy.integrate import ode, solve_ivp


def lotka_volterra(t, y):
    return [0.55 * y[0] - 0.028 * y[0] * y[1], -0.80 * y[1] + 0.024 * y[0] * y[1]]


def lorenz(t, y):
    return [10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]]


def brusselator(t, y):
    return [1.0 + y[0] * y[0] * y[1] - 4.0 * y[0], 3.0 * y[0] - y[0] * y[0] * y[1]]


def arenstorf(t, y):
    mu = 0.012277471
    moon = 1.0 - mu
    x, z, dx, dz = y
    d1 = ((x + mu) ** 2 + z * z) ** 1.5
    d2 = ((x - moon) ** 2 + z * z) ** 1.5
    return [
        dx,
        dz,
        x + 2.0 * dz - moon * (x + mu) / d1 - mu * (x - moon) / d2,
        z - 2.0 * dx - moon * z / d1 - mu * z / d2,
    ]


MASSES = np.arange(1.0, 8.0)


def pleiades(t, y):
    x, z = y[:7], y[7:14]
    dx, dz = x[None, :] - x[:, None], z[None, :] - z[:, None]
    r3 = (dx * dx + dz * dz) ** 1.5
    np.fill_diagonal(r3, 1.0)
    return np.concatenate([y[14:], (MASSES * dx / r3).sum(axis=1), (MASSES * dz / r3).sum(axis=1)])


def robertson(t, y):
    a, b, c = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] * y[1]
    return [b - a, a - b - c, c]


def robertson_jacobian(t, y):
    return [
        [-0.04, 1e4 * y[2], 1e4 * y[1]],
        [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
        [0.0, 6e7 * y[1], 0.0],
    ]


def hires(t, y):
    light = 280.0 * y[5] * y[7]
    return [
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -light + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        light - 1.81 * y[6],
        -light + 1.81 * y[6],
    ]


def hires_jacobian(t, y):
    j = np.zeros((8, 8))
    j[0, :3] = [-1.71, 0.43, 8.32]
    j[1, :2] = [1.71, -8.75]
    j[2, 2:5] = [-10.03, 0.43, 0.035]
    j[3, 1:4] = [8.32, 1.71, -1.12]
    j[4, 4:7] = [-1.745, 0.43, 0.43]
    j[5, 3:7] = [0.69, 1.71, -0.43, 0.69]
    j[6, 6], j[7, 6] = -1.81, 1.81
    for row, sign in ((5, -1.0), (6, 1.0), (7, -1.0)):
        j[row, 5] += sign * 280.0 * y[7]
        j[row, 7] += sign * 280.0 * y[5]
    return j


def van_der_pol(t, y):
    return [y[1], 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]]


def van_der_pol_jacobian(t, y):
    return [[0.0, 1.0], [-2000.0 * y[0] * y[1] - 1.0, 1000.0 * (1.0 - y[0] * y[0])]]


def oregonator(t, y):
    return [
        77.27 * (y[1] + y[0] * (1.0 - 8.375e-6 * y[0] - y[1])),
        (y[2] - (1.0 + y[0]) * y[1]) / 77.27,
        0.161 * (y[0] - y[2]),
    ]


def oregonator_jacobian(t, y):
    return [
        [77.27 * (1.0 - 2.0 * 8.375e-6 * y[0] - y[1]), 77.27 * (1.0 - y[0]), 0.0],
        [-y[1] / 77.27, -(1.0 + y[0]) / 77.27, 1.0 / 77.27],
        [0.161, 0.0, -0.161],
    ]


def by_solve_ivp(method, jacobian):
    def solve(field, case, tolerance):
        options = {} if jacobian is None else {"jac": jacobian}
        found = solve_ivp(
            field, (case["t0"], case["t1"]), case["y0"], method, t_eval=[case["t1"]], rtol=tolerance, atol=tolerance, **options
        )
        if found.status != 0:
            raise RuntimeError(found.message)
        return found.y[:, -1], found.nfev

    return solve


def by_fortran(name):
    """Hairer's codes."""

    def solve(field, case, tolerance):
        calls = [0]

        def counted(t, y):
            calls[0] += 1
            return field(t, y)

        it = ode(counted).set_integrator(name, rtol=tolerance, atol=tolerance, nsteps=10_000_000)
        it.set_initial_value(case["y0"], case["t0"])
        end = it.integrate(case["t1"])
        if not it.successful():
            raise RuntimeError("it stopped")
        return end, calls[0]

    return solve


def check_jacobian(field, jacobian, y):
    """Against central differences at a point near the start."""
    y = np.array(y) + 0.01 * (1.0 + np.abs(y))
    exact = np.array(jacobian(0.0, y))
    for j in range(len(y)):
        step = np.zeros(len(y))
        step[j] = 1e-6 * (1.0 + abs(y[j]))
        slope = (np.array(field(0.0, y + step)) - np.array(field(0.0, y - step))) / (2.0 * step[j])
        assert np.allclose(slope, exact[:, j], rtol=1e-6, atol=1e-6 * (1.0 + np.abs(exact).max())), (slope, exact[:, j])


def main():
    kind, problems, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    warnings.simplefilter("ignore")
    for line in open(problems):
        case = json.loads(line)
        if case["kind"] != kind:
            continue
        name = case["problem"]
        case["y0"] = np.array(case["y0"])
        field = globals()[name]
        # It is the same right-hand side.
        assert np.allclose(field(case["t0"], case["y0"]), case["slope"], rtol=1e-13, atol=1e-15), name
        if kind == "stiff":
            jacobian = globals()[name + "_jacobian"]
            check_jacobian(field, jacobian, case["y0"])
            methods = {m: by_solve_ivp(m, jacobian) for m in ("Radau", "BDF", "LSODA")}
        else:
            methods = {m: by_solve_ivp(m, None) for m in ("DOP853", "LSODA")}
            methods |= {f"{m} (Fortran)": by_fortran(m) for m in ("dopri5", "dop853")}
        exact = np.array(case["y1"])
        for exponent in (3, 5, 7, 9, 11):
            tolerance = 10.0**-exponent
            for method, solve in methods.items():
                row = {"problem": name, "crate": "SciPy", "method": method, "tolerance": tolerance}
                samples = []
                try:
                    begin = time.process_time()
                    end, nfe = solve(field, case, tolerance)
                    samples.append(time.process_time() - begin)
                    while sum(samples) < seconds and len(samples) < 5:
                        begin = time.process_time()
                        solve(field, case, tolerance)
                        samples.append(time.process_time() - begin)
                    error = float(np.abs(end - exact).max() / np.abs(exact).max())
                    row |= {"error": error, "nfe": int(nfe), "seconds": statistics.median(samples)}
                except Exception as reason:  # a solver that gives up is a result too
                    row["failed"] = str(reason)
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
