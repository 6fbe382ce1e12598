"""Runs all sides one after another on one core and writes ../results/adbench.md. Started by `run`."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from machine import machine  # noqa: E402

PROBLEMS = {
    "gmm": "Gaussian mixture: d = 10, K = 25, n = 1000; gradient for 1650 parameters",
    "bundle": "Bundle adjustment: 49 cameras, 7776 points, 31 843 observations; Jacobian of both reprojection errors to 15 inputs each",
    "lstm": "LSTM: 2 layers of 14 over 1024 characters; gradient for 266 parameters",
}

TEXT = """# ADBench's functions: what a derivative costs

{date}; {processor}; {system}; one core; load {load:.1f} when it began. costate {costate} ({rustc}); {versions}.

Processor time: of medians of samples in three rounds the least. *Function* is each library's own time for the function alone; the
last column is its derivative over the **fastest function of all**, which is the true price of the derivative: a slow function makes a
ratio to itself look good. Everybody computes in f64 from the same data, and derivatives agree with costate's to 10⁻¹⁰ of their
largest element (the worst here: {worst:.0e}). Repeat with `benches/peers/adbench/run`.

"By hand" is the function alone over lanes of AVX-512 or AVX2 with exponential and sine of its own. costate's mixture is two
programs, for what the parameters give and for blocks of points; its bundle adjustment runs over lanes; its LSTM is eleven
characters as a program over 93 frames. JAX runs under `jit`; CasADi in its virtual machine; num-dual goes forward, 16 directions a pass; reverse
records a tape of single numbers at every call. Data are made up, in ADBench's sizes.
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--seconds", default="0.5", help="of processor time for each measurement")
    arguments = arguments.parse_args()
    about, lines = machine(), []
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            [arguments.program, folder, arguments.seconds],
            [sys.executable, "peer_jax.py", folder, arguments.seconds],
            [sys.executable, "peer_casadi.py", folder, arguments.seconds],
        ):
            done = subprocess.run(one_core(command), cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            print(done.stdout, end="", flush=True)
            lines += [line.split("\t") for line in done.stdout.splitlines()]
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                if command[0] == arguments.program:
                    sys.exit(done.returncode)
                lines.append(["", Path(command[1]).stem, "left out", (done.stderr.splitlines() or [""])[-1]])
    left_out = [" ".join(filter(None, [line[0], line[1]])) + ": " + line[3] for line in lines if line[2] == "left out"]
    lines = [line for line in lines if line[2] != "left out"]
    number = lambda text: None if text == "-" else float(text)
    rows = [(problem, tool, *map(number, rest)) for problem, tool, *rest in lines]
    worst = max(row[4] for row in rows if row[4] is not None)
    text = TEXT.format(**about, versions=versions(), worst=worst)
    for problem, title in PROBLEMS.items():
        own = [row for row in rows if row[0] == problem]
        fastest = min(row[2] for row in own)
        text += f"\n## {title}\n\n| | function | derivative | over its own function | over the fastest function |\n|---|---|---|---|---|\n"
        for _, tool, function, derivative, _ in sorted(own, key=lambda row: row[3] or 0):
            ratios = ["", ""] if derivative is None else [f"{derivative / f:.3g}" for f in (function, fastest)]
            text += f"| {tool} | {time(function)} | {time(derivative)} | {' | '.join(ratios)} |\n"
    if left_out:
        text += "\nLeft out: " + "; ".join(left_out) + ".\n"
    target = HERE.parent / "results" / "adbench.md"
    target.write_text(text)
    print(f"written: {target}")


def one_core(command):
    return ["taskset", "-c", "0", *command] if sys.platform == "linux" else command


def versions():
    """Of the peers in Rust; those in Python say their own."""
    manifest = (HERE / "Cargo.toml").read_text()
    found = re.findall(r'^(burn|candle-core|num-dual|reverse) = .*?"=([\d.]+)"', manifest, re.M)
    return ", ".join(f"{name} {version}" for name, version in found)


def time(seconds):
    if seconds is None:
        return ""
    unit, size = next((u, s) for u, s in [("s", 1), ("ms", 1e-3), ("µs", 1e-6)] if seconds >= s or u == "µs")
    return f"{seconds / size:.3g} {unit}"


if __name__ == "__main__":
    main()
