"""Reference values for the model files in which something happens: `doses`, `epidemic` and `enzyme`, written here a second time and solved by SciPy.

    python3 happenings.py

writes `happenings.json`: the loss of each model file at its own values, and its gradient by central differences extrapolated twice; where it is
known, the states at the end. Solutions are put together from pieces between the times at which something happens. Made with SciPy 1.17.1 and NumPy 2.4.6.
"""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve

HERE = Path(__file__).parent
LOG_2PI = np.log(2 * np.pi)


def rows(name):
    with open(HERE / name) as file:
        return list(csv.DictReader(file))


def piece(f, t0, t1, y, times):
    """The states at these times and at t1."""
    inside = [t for t in times if t0 < t <= t1]
    wanted = sorted({*inside, t1})
    found = solve_ivp(f, (t0, t1), y, "DOP853", wanted, rtol=1e-12, atol=1e-13)
    assert found.success, found.message
    return {t: found.y[:, wanted.index(t)] for t in inside}, found.y[:, -1]


def gradient(loss, at):
    """Richardson's extrapolation of central differences."""
    result = {}
    for name, value in at.items():
        def difference(h):
            return (loss({**at, name: value + h}) - loss({**at, name: value - h})) / (2 * h)

        h = 1e-3 * abs(value)
        a, b, c = difference(h), difference(h / 2), difference(h / 4)
        first, second = (4 * b - a) / 3, (4 * c - b) / 3
        result[name] = (16 * second - first) / 15
    return result


def concentrations(p, subject, times):
    weight, dose = {"s1": (60, 100), "s2": (82.5, 150), "s3": (71, 100)}[subject]
    clearance = p[f"CL[{subject}]"] * (weight / 70) ** 0.75
    y, found = np.zeros(3), {}
    ends = [0, 6, 7.5, 12, 24, 36, 60]
    for t0, t1 in zip(ends, ends[1:]):
        if t0 in (0, 12, 24, 36):
            y = y + [0.8 * dose, 0, 0]
        rate = dose / 2 / 1.5 if subject != "s1" and t0 == 6 else 0

        def f(_, y):
            gut, central, other = y
            exchange = p["Q"] / p["V1"] * central - p["Q"] / p["V2"] * other
            return [-p["ka"] * gut, p["ka"] * gut - clearance / p["V1"] * central - exchange + rate, exchange]

        some, y = piece(f, t0, t1, y, times)
        found.update(some)
    return [found[t][1] / p["V1"] for t in times]


def doses(p):
    total = 0
    for subject in ("s1", "s2", "s3"):
        own = [row for row in rows("doses.csv") if row["ID"] == subject]
        for x, row in zip(concentrations(p, subject, [float(row["TIME"]) for row in own]), own):
            width = np.hypot(p["add"], p["prop"] * x)
            total += 0.5 * ((float(row["DV"]) - x) / width) ** 2 + np.log(width) + LOG_2PI / 2
        log = np.log(p[f"CL[{subject}]"])
        total += 0.5 * ((log - 1.5) / 0.6) ** 2 + log + np.log(0.6) + LOG_2PI / 2
    return total


def spread(p, times):
    n = 1e5
    y, found = np.array([n - p["E0"], p["E0"], 0, 0]), {}
    for t0, t1, locked in ((0, p["lock"], 0), (p["lock"], 120, 1)):
        def f(t, y):
            contact = p["R0"] / p["infectious"] * (1 - p["eff"] * locked) * (1 + 0.1 * np.cos(2 * np.pi * t / 365))
            infected, onset, end = contact * y[0] * y[2] / n, y[1] / p["latent"], y[2] / p["infectious"]
            return [-infected, infected - onset, onset - end, end]

        some, y = piece(f, t0, t1, y, times)
        found.update(some)
    return found, y


def epidemic(p):
    data = rows("epidemic.csv")
    found, _ = spread(p, sorted({float(row["day"]) for row in data}))
    total = 0
    for row in data:
        t, y = float(row["day"]), float(row["y"])
        if t > 100:
            continue
        x = found[t][1] / p["latent"] if row["what"] == "cases" else p["p"] * found[t][2]
        z, width = np.log(y / x), p["sd"]
        own = 0.5 * (z / width) ** 2 + np.log(width) + LOG_2PI / 2 if row["what"] == "cases" else abs(z) / width + np.log(2 * width)
        total += np.log(y) + own
    return total


def reaction(p, times):
    def implicit(t, y):
        def equations(z):
            x, w = z
            return [p["Km"] * x - (p["et"] - x) * (y[0] - x) + 0.01 * t, w**3 + x * w - y[0] - y[1]]

        return fsolve(equations, [0.4, 1.0], xtol=1e-13)

    def f(t, y):
        x, w = implicit(t, y)
        return [-p["Vm"] * x, p["Vm"] * x - 0.1 * y[1] * w]

    y, found = np.array([2.0, 0.0]), {0.0: [2.0, 0.0, *implicit(0, [2.0, 0.0])]}
    for t0, t1, dose in ((0, p["td"], p["d"]), (p["td"], 6, 0)):
        some, y = piece(f, t0, t1, y, times)
        found.update({t: [*state, *implicit(t, state)] for t, state in some.items()})
        y = y + [dose, 0]
    return found


def enzyme(p):
    data = rows("enzyme.csv")
    found = reaction(p, [float(row["t"]) for row in data])
    residuals = [found[float(row["t"])][i] - float(row[name]) for row in data for i, name in ((1, "P"), (2, "x"), (3, "y")) if row[name]]
    return float(np.sum(np.square(residuals)))


def main():
    warnings.filterwarnings("ignore", message="The iteration is not making good progress")
    values = {}
    for loss, at in (
        (doses, {"ka": 0.9, "CL[s1]": 4.0, "CL[s2]": 4.0, "CL[s3]": 4.0, "V1": 18.0, "Q": 2.5, "V2": 40.0, "prop": 0.15, "add": 0.05}),
        (epidemic, {"E0": 20.0, "R0": 2.8, "latent": 3.0, "infectious": 5.0, "lock": 41.3, "eff": 0.6, "p": 0.02, "sd": 0.2}),
        (enzyme, {"Vm": 1.0, "Km": 0.5, "et": 0.8, "d": 0.7, "td": 2.5}),
    ):
        values[loss.__name__] = {"at": at, "loss": loss(at), "gradient": gradient(loss, at)}
    epidemic_end = spread(values["epidemic"]["at"], [])[1]
    values["epidemic"]["end"] = dict(zip("SEIR", epidemic_end))
    values["enzyme"]["end"] = dict(zip("SPxy", reaction(values["enzyme"]["at"], [6.0])[6.0]))
    with open(HERE / "happenings.json", "w") as file:
        json.dump(values, file, indent=1, default=float)
        file.write("\n")


main()
