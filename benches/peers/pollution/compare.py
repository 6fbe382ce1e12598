"""Prints the processor time of `costate solve` on POLLU, launch excluded, beside CVODE's with a right-hand side in C.

The two run in turns. What a launch costs, with reading the model and compiling its equations, is what a solve of the same model over no time to speak of
costs. Errors are against the reference of the program's tests.
"""

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "crates/costate/tests/program/reference"
MODEL = REFERENCE / "pollution.toml"


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def each(command, times):
    """Seconds of one run, and what the last one wrote."""
    before = used()
    for _ in range(times):
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return (used() - before) / times, run.stdout


def error(found, wanted):
    return max(abs(a - b) / (abs(b) + 1e-13) for a, b in zip(found, wanted))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("costate")
    parser.add_argument("cvode")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=60, help="of a command in each round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder, MODEL.name)
        still.write_text(MODEL.read_text().replace("end = 60.0", "end = 1e-12"))
        Path(folder, "pollution.csv").write_text((REFERENCE / "pollution.csv").read_text())
        compare(options, still)


def compare(options, still):
    wanted = list(json.loads((REFERENCE / "values.json").read_text())["pollution"]["end"].values())
    tolerances = ["--rtol", "1e-8", "--atol", "1e-14"]
    ours, theirs, ratios = [], [], []
    for _ in range(options.rounds):
        launch, _ = each([options.costate, "solve", still, "--save-at", "1e-12:1:1e-12", *tolerances], options.runs)
        whole, table = each([options.costate, "solve", MODEL, "--save-at", "60:1:60", *tolerances], options.runs)
        cvode = subprocess.run([options.cvode, "1e-8", "1e-14", "0.3"], capture_output=True, text=True, check=True).stdout.split()
        ours.append(whole - launch)
        theirs.append(float(cvode[0]))
        ratios.append(ours[-1] / theirs[-1])
    found = [float(x) for x in table.strip().splitlines()[-1].split(",")[1:]]
    print("POLLU, 20 species, t = 0 to 60, rtol 1e-8, atol 1e-14, medians of processor time")
    print(f"costate solve, launch excluded  {1e3 * statistics.median(ours):6.2f} ms   error {error(found, wanted):.1e}")
    print(f"CVODE, right-hand side in C     {1e3 * statistics.median(theirs):6.2f} ms   error {error(map(float, cvode[1:]), wanted):.1e}")
    print(f"ratio                           {statistics.median(ratios):6.2f}      from {min(ratios):.2f} to {max(ratios):.2f}")


main()
