"""Whole commands from launch to result, costate's and diffrax's in turns, by the clock on the wall. Started by `launch`."""

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report
from machine import machine
from workloads import HERE

EXAMPLES = HERE.parents[1] / "examples"


def run(command, core):
    """Seconds on the wall, and what was printed."""
    begin = time.perf_counter()
    done = subprocess.run(["taskset", "-c", str(core), *map(str, command)], capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return seconds, done.stdout


def gradient(costate, scratch):
    """The gradient of the hare and lynx fit: the same numbers to 1e-5."""
    ours = [costate, "gradient", EXAMPLES / "lynx-hare.toml"]

    def agree(own, theirs):
        own, theirs = json.loads(own)["gradient"]["parameters"], json.loads(theirs)["gradient"]
        apart = math.dist([own[k] for k in theirs], list(theirs.values())) / math.hypot(*theirs.values())
        assert apart < 1e-5, f"the gradients differ by {apart:.1e}"
        return f"gradients differ by {apart:.0e}"

    return ours, agree


def spiral(costate, scratch):
    """2000 iterations from other random numbers: both must have learned something of the kind that the recipe gives."""
    out = Path(scratch) / "spiral-fit"
    ours = [costate, "fit", HERE / "spiral-rmsprop.toml", "--out", out, "--force", "--quiet"]

    def agree(_, theirs):
        with open(out / "trajectory.csv", newline="") as file:
            found = {float(row["t"]): (float(row["x"]), float(row["y"])) for row in csv.DictReader(file)}
        with open(EXAMPLES / "spiral.csv", newline="") as file:
            rows = [(float(row["t"]), float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
        apart = [abs(a - b) for t, *truth in rows if t in found for a, b in zip(found[t], truth)]
        own, theirs = statistics.mean(apart), json.loads(theirs)["error"]
        assert own < 1.0 and theirs < 1.0, f"errors {own}, {theirs}: one side did not learn"
        return f"mean absolute error of the trajectory {own:.2f} and {theirs:.2f}"

    return ours, agree


CASES = {
    "gradient": ("First gradient of `examples/lynx-hare.toml`, launch to printed result", gradient, 7),
    "spiral": ("Spiral, 2000 iterations of RMSprop on windows, launch to written result", spiral, 3),
}


def main():
    parser = argparse.ArgumentParser(prog="benches/peers/launch", description=__doc__)
    parser.add_argument("--costate", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help="the core that everything runs on")
    parser.add_argument("--rounds", type=int, help="turns that each has")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "launch.md", help="where to write")
    options = parser.parse_args()
    this = machine()
    out = [
        "# From launch to result",
        "",
        f"{this['date']}; {this['processor']}; one core; load {this['load']:.1f} when it began. costate {this['costate']} ({this['rustc']}).",
        "",
        "Seconds on the wall of whole commands, in turns: start of the process, reading, compiling (XLA's in diffrax), work, output. Repeat with `benches/peers/launch`.",
        "",
        "| | costate | diffrax | times (median, range) | |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for name, (title, case, rounds) in CASES.items():
            ours, agree = case(options.costate, scratch)
            theirs = [sys.executable, HERE / "launch_diffrax.py", name]
            own_seconds, their_seconds = [], []
            for _ in range(options.rounds or rounds):
                seconds, own = run(ours, options.core)
                own_seconds.append(seconds)
                seconds, found = run(theirs, options.core)
                their_seconds.append(seconds)
            remark = agree(own, found)
            ratios = sorted(b / a for a, b in zip(own_seconds, their_seconds))
            cells = [title, report.time(statistics.median(own_seconds)), report.time(statistics.median(their_seconds))]
            spread = f"{report.three(statistics.median(ratios))} ({report.three(ratios[0])}–{report.three(ratios[-1])})"
            out.append("| " + " | ".join([*cells, spread, remark]) + " |")
            print(out[-1], flush=True)
    options.output.write_text("\n".join(out) + "\n")
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
