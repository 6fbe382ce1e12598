"""Runs the solvers side by side and writes ../results/work-precision.md. Started by `run`; needs nothing but Python."""

import argparse
import json
import math
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ERRORS = [1e-3, 1e-5, 1e-7, 1e-9]


def curve(rows):
    """(log error, log seconds), from the largest error to the smallest, each better than all before at no less cost."""
    points = sorted((math.log(r["error"]), math.log(r["seconds"])) for r in rows if r["error"] > 0)
    hull = []
    for error, seconds in points:
        # Going to larger errors: what costs more than a better answer is of no use.
        if not hull or seconds < hull[-1][1]:
            hull.append((error, seconds))
    return hull


def at(points, error):
    """Seconds at an error, between two points of the curve in logarithms; None outside. A larger error than any is as cheap as that."""
    x = math.log(error)
    if not points or x < points[0][0]:
        return None
    for (x0, s0), (x1, s1) in zip(points, points[1:]):
        if x <= x1:
            return math.exp(s0 + (s1 - s0) * (x - x0) / (x1 - x0))
    return math.exp(points[-1][1])


def table(rows):
    """One row for each problem and error: the best method of each crate, and the ratio to costate's."""
    crates = list(dict.fromkeys(r["crate"] for r in rows))
    problems = list(dict.fromkeys(r["problem"] for r in rows))
    lines = ["| problem | error | " + " | ".join(crates) + " |", "|---" * (len(crates) + 2) + "|"]
    ratios = {crate: [] for crate in crates}
    for problem in problems:
        for error in ERRORS:
            cells, best = [], {}
            for crate in crates:
                methods = dict.fromkeys(r["method"] for r in rows if r["crate"] == crate)
                found = []
                for method in methods:
                    of = lambda r: (r["problem"], r["crate"], r["method"]) == (problem, crate, method)
                    seconds = at(curve([r for r in rows if of(r) and "error" in r]), error)
                    if seconds is not None:
                        found.append((seconds, method))
                best[crate] = min(found, default=None)
            for crate in crates:
                if best[crate] is None:
                    cells.append("not reached")
                    continue
                seconds, method = best[crate]
                cell = f"{seconds * 1e6:.3g} µs {method}"
                if crate != "costate" and best["costate"]:
                    ratio = seconds / best["costate"][0]
                    ratios[crate].append(ratio)
                    cell += f" ({ratio:.2f})"
                cells.append(cell)
            lines.append(f"| {problem} | {error:.0e} | " + " | ".join(cells) + " |")
    means = [
        f"{crate}: {math.exp(sum(map(math.log, found)) / len(found)):.2f} over {len(found)} points"
        for crate, found in ratios.items()
        if found
    ]
    return "\n".join(lines) + "\n\nTimes costate's, geometric mean: " + "; ".join(means) + ".\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--seconds", default="0.05", help="of processor time for each solve")
    arguments = arguments.parse_args()
    parts = []
    for kind, title in [("nonstiff", "Not stiff"), ("stiff", "Stiff")]:
        out = subprocess.run(
            [arguments.program, kind, arguments.seconds], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        rows = [json.loads(line) for line in out.splitlines()]
        failed = [r for r in rows if "failed" in r]
        parts.append(f"## {title}\n\n{table(rows)}")
        if failed:
            what = "; ".join(f"{r['crate']} {r['method']} on {r['problem']} at {r['tolerance']:.0e}" for r in failed)
            parts[-1] += f"\nFailed: {what}.\n"
    text = (
        "# Work and precision of solvers\n\n"
        "Processor time for one solve to the end at a given relative error there: the best method of each crate, between tolerances in "
        "logarithms; in parentheses, times costate's. rtol = atol; everybody calls the same function through the same pointer and, where "
        "the problem is stiff, the same exact Jacobian. Repeat with `benches/peers/solvers/run`.\n\n" + "\n".join(parts)
    )
    target = HERE.parent / "results" / "work-precision.md"
    target.write_text(text)
    print(f"written: {target}")


if __name__ == "__main__":
    main()
