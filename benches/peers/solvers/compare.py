"""Runs the solvers side by side and writes ../results/work-precision.md and its plots. Started by `run`, in the environment that it makes."""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import report  # noqa: E402

RESULTS = HERE.parent / "results"
OURS = "costate"
RUST = ["ode_solvers", "differential-equations", "diffsol", "russell_ode"]
COLOURS = {
    OURS: "#c0392b",
    "ode_solvers": "#2980b9",
    "differential-equations": "#16a085",
    "diffsol": "#8e44ad",
    "russell_ode": "#7f6000",
    "CVODE": "#2c3e50",
    "SciPy": "#e67e22",
}
# Seconds on the wall for one side's solves of one kind.
LIMIT = 240
# What is solved, under which title, and the errors at which times are compared.
KINDS = [
    ("nonstiff", "Not stiff", [1e-3, 1e-5, 1e-7, 1e-9]),
    ("stiff", "Stiff", [1e-3, 1e-5, 1e-7, 1e-9]),
    ("sparse", "Stiff, with sparse Jacobians", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]),
]


def curve(rows):
    """(log error, log seconds), from the smallest error to the largest, each cheaper than all before."""
    points = sorted((math.log(r["error"]), math.log(r["seconds"])) for r in rows if r.get("error", 0) > 0)
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


class Curves:
    """All curves of one kind of problem."""

    def __init__(self, rows):
        rows = [r for r in rows if "crate" in r]
        self.crates = list(dict.fromkeys(r["crate"] for r in rows))
        self.problems = list(dict.fromkeys(r["problem"] for r in rows))
        groups = {}
        for r in rows:
            groups.setdefault((r["problem"], r["crate"]), {}).setdefault(r["method"], []).append(r)
        self.of = {key: {m: curve(rs) for m, rs in methods.items()} for key, methods in groups.items()}

    def best(self, problem, crate, error):
        """(seconds, method) of the crate's fastest method at an error, or None."""
        methods = self.of.get((problem, crate), {})
        found = [(at(points, error), method) for method, points in methods.items()]
        return min((f for f in found if f[0] is not None), default=None)


def table(curves, errors):
    """One row for each problem and error: the best method of each crate, and the ratio to costate's."""
    lines = ["| problem | error | " + " | ".join(curves.crates) + " |", "|---" * (len(curves.crates) + 2) + "|"]
    for problem in curves.problems:
        for error in errors:
            ours, cells = curves.best(problem, OURS, error), []
            for crate in curves.crates:
                best = curves.best(problem, crate, error)
                if best is None:
                    cells.append("not reached")
                    continue
                cell = f"{report.time(best[0])} {best[1]}"
                if crate != OURS and ours:
                    cell += f" ({best[0] / ours[0]:.2f})"
                cells.append(cell)
            lines.append(f"| {problem} | {error:.0e} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def means(curves, errors):
    """Geometric means of costate's time over that of others, where both reach the error."""
    others = [c for c in curves.crates if c != OURS]
    groups = [(c, [c]) for c in others]
    rust = [c for c in RUST if c in others]
    if len(rust) > 1:
        groups.append(("the fastest of the Rust crates", rust))
    compiled = [c for c in others if c != "SciPy"]
    if len(compiled) > len(rust) > 0:
        groups.append(("the fastest of all", compiled))
    lines = ["| costate's time ÷ that of | geometric mean | smallest | largest | points |", "|---|---:|---:|---:|---:|"]
    for name, crates in groups:
        ratios = []
        for problem in curves.problems:
            for error in errors:
                ours = curves.best(problem, OURS, error)
                theirs = min((b for c in crates if (b := curves.best(problem, c, error))), default=None)
                if ours and theirs:
                    ratios.append(ours[0] / theirs[0])
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(f"| {name} | {mean:.2f} | {min(ratios):.2f} | {max(ratios):.2f} | {len(ratios)} |")
    return "\n".join(lines)


def plot(curves, title, path):
    """Time over error, a panel for each problem: all methods thin, the best of each crate thick."""
    columns = min(3, len(curves.problems))
    rows = -(-len(curves.problems) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.2 * columns, 3.4 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(curves.problems) :]:
        axis.axis("off")
    for problem, axis in zip(curves.problems, axes.flat):
        for crate in curves.crates:
            colour = COLOURS.get(crate, "#7f8c8d")
            methods = [points for points in curves.of.get((problem, crate), {}).values() if points]
            for points in methods:
                axis.plot([math.exp(e) for e, _ in points], [math.exp(s) for _, s in points], color=colour, lw=0.6, alpha=0.45)
            if not methods:
                continue
            low, high = (f(e for points in methods for e, _ in points) for f in (min, max))
            grid = [math.exp(low + (high - low) * k / 80) for k in range(81)]
            best = [(e, b[0]) for e in grid if (b := curves.best(problem, crate, e))]
            axis.plot(*zip(*best), color=colour, lw=2.0, label=crate)
        axis.set(xscale="log", yscale="log", title=problem.replace("_", " "))
        axis.invert_xaxis()
        axis.grid(True, which="major", lw=0.3)
    for axis in axes[:, 0]:
        axis.set_ylabel("seconds")
    for axis in axes[-1]:
        axis.set_xlabel("relative error at the end")
    handles = {}
    for axis in axes.flat:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels())))
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles), frameon=False)
    plt.rcParams["svg.hashsalt"] = "work-precision"
    figure.savefig(path, metadata={"Date": None, "Title": title})
    plt.close(figure)


def lines_of(command):
    """What a program prints, as far as it comes within the limit."""
    try:
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=LIMIT).stdout
    except subprocess.TimeoutExpired as late:
        print(f"{command[1]} took longer than {LIMIT} s: what it had not come to is missing", file=sys.stderr)
        # The last line may be cut.
        out = (late.stdout or b"").rpartition(b"\n")[0]
    return [json.loads(line) for line in out.decode().splitlines()]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--seconds", default="0.05", help="of processor time for each solve")
    arguments.add_argument("--kinds", default=",".join(k for k, *_ in KINDS), help="which of the tables, with commas")
    arguments.add_argument("--out", type=Path, default=RESULTS, help="the directory to write to")
    arguments = arguments.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    parts = []
    with tempfile.NamedTemporaryFile("w", suffix=".json") as problems:
        subprocess.run([arguments.program, "problems"], check=True, stdout=problems)
        for kind, title, errors in KINDS:
            if kind not in arguments.kinds.split(","):
                continue
            rows = lines_of([arguments.program, kind, arguments.seconds])
            if kind != "sparse":
                rows += lines_of([sys.executable, HERE / "scipy_side.py", kind, problems.name, arguments.seconds])
            curves = Curves(rows)
            picture = f"work-precision-{kind}.svg"
            plot(curves, title, arguments.out / picture)
            part = f"## {title}\n\n![Time over error]({picture})\n\n{means(curves, errors)}\n\n{table(curves, errors)}\n"
            agreements = [f"{r['problem']} {r['agreement']:.0e}" for r in rows if "agreement" in r]
            if agreements:
                part += f"\nErrors are against costate's radau at a tolerance of 1e-11, from which its rodas5p differs by: {', '.join(agreements)}.\n"
            failed = [r for r in rows if "failed" in r]
            if failed:
                what = "; ".join(f"{r['crate']} {r['method']} on {r['problem']} at {r['tolerance']:.0e}" for r in failed)
                part += f"\nFailed: {what}.\n"
            if "CVODE" not in curves.crates:
                part += "\nWithout CVODE, which was not installed.\n"
            parts.append(part)
            print(f"{kind}: {time.monotonic() - begin:.0f} s so far", file=sys.stderr)
    text = (
        "# Work and precision of solvers\n\n"
        "Processor time for one solve to the end, what it sets up included, at a given relative error there: the best method of each crate, between tolerances in "
        "logarithms; in parentheses, times costate's. In the plots a thin line is a method, a thick one the best of a crate. rtol = atol; all compiled sides call the same function through the same pointer and, where "
        "the problem is stiff, the same exact Jacobian. SciPy's right-hand sides are Python functions, which is most of its time; for the rest its "
        "methods are LSODA, DOP853, Radau and BDF, and Hairer's own dopri5 and dop853 in Fortran. CVODE is SUNDIALS' 6.4: Adams formulas where the problem is not stiff, BDF with a dense or (KLU) a sparse factorisation where it is. russell_ode has its own sparse factorisation in Rust, in the order that it chooses. "
        "Repeat with `benches/peers/solvers/run`.\n\n" + "\n".join(parts)
    )
    target = arguments.out / "work-precision.md"
    target.write_text(text)
    print(f"written: {target}")


if __name__ == "__main__":
    main()
