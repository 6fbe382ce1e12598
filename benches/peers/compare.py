"""Runs every case on every side, asserts that all computed the same, and writes the table. Started by `run`."""

import argparse
import json
import math
import re
import statistics
import sys
from pathlib import Path

import chart
import report
from machine import machine
from sides import Costate, Peer, Program
from workloads import HERE, load

CANDLE = re.search(r'candle-core = "=(.*)"', (HERE / "candle" / "Cargo.toml").read_text()).group(1)
PEERS = ["diffrax", "torchdiffeq", "casadi", "cvodes", "scipy"]

# How far apart two sides may be: the loss, and the gradient as a vector, relative to costate's. A discrete gradient is that of the
# steps taken, so sides with other steps differ by the tolerance of the solve, the continuous adjoint by that of two; f32 by its
# rounding.
CLOSE = {
    "w1-discrete-f64": 1e-8,
    "w1-backsolve-f64": 1e-7,
    "w1-discrete-f32": 1e-4,
    "w1-backsolve-f32": 1e-4,
    "w2-discrete-f64": 1e-4,
    "w2-discrete-f32": 1e-4,
    "w3-discrete-f64": 1e-5,
    "w3-backsolve-f64": 3e-5,
    "w3-forward-f64": 3e-5,
    "w4-solve-f64": 1e-3,
}


def distance(a, b):
    """|a − b| / |b| in the Euclidean norm."""
    assert len(a) == len(b) and all(map(math.isfinite, a)), "lengths differ or a number is not finite"
    return math.dist(a, b) / math.hypot(*b)


def agree(case, name, found, own):
    """Asserts that a side found what costate found; returns how far apart they are."""
    key = "values" if "values" in own else "gradient"
    apart = {key: distance(found[key], own[key])}
    for loss in ("loss", "last_loss"):
        if loss in own:
            apart[loss] = abs(found[loss] / own[loss] - 1.0)
    limit = CLOSE[case]
    # Training amplifies differences: what counts there is that it is the same training.
    limits = {"last_loss": 1e-3}
    for what, value in apart.items():
        if not value <= limits.get(what, limit):
            raise SystemExit(f"{case}: {name} and costate differ in the {what} by {value:.2e}, relative")
    return apart


def run_case(case, sides, rounds, seconds):
    """Checks every contestant, then times them in turns."""
    entries = []
    for side in sides:
        for name in side.names(case):
            found = side.check(case, name)
            own = entries[0]["found"] if entries else found
            entries.append({"side": side, "name": name, "found": found, "apart": agree(case, name, found, own), "rounds": []})
            print(f"  {name}: {found['counts']}", flush=True)
    for _ in range(rounds):
        for entry in entries:
            entry["rounds"].append(entry["side"].time(case, entry["name"], seconds))
    return {"case": case, "entries": [summary(entry, entries[0]) for entry in entries]}


def summary(entry, own):
    """What the table says of a contestant. Ratios are those of medians within a round."""
    medians = [statistics.median(r) for r in entry["rounds"]]
    own_medians = [statistics.median(r) for r in own["rounds"]]
    ratios = sorted(theirs / ours for theirs, ours in zip(medians, own_medians))
    every = [s for r in entry["rounds"] for s in r]
    found = entry["found"]
    return {
        "name": entry["name"],
        "median": statistics.median(medians),
        "spread": [min(medians), max(medians)],
        "fastest": min(every),
        "samples": len(every),
        "ratio": statistics.median(ratios),
        "ratio_spread": [ratios[0], ratios[-1]],
        "ratio_of_fastest": min(every) / min(s for r in own["rounds"] for s in r),
        "counts": found["counts"],
        "loss": found.get("loss"),
        "apart": entry["apart"],
        "remark": found.get("remark", ""),
        "first_seconds": found.get("first_seconds"),
    }


def main():
    parser = argparse.ArgumentParser(prog="benches/peers/run", description=__doc__)
    parser.add_argument("--costate", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--costate-native", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--candle", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help="the core that everything runs on")
    parser.add_argument("--rounds", type=int, default=7, help="turns that each contestant has")
    parser.add_argument("--seconds", type=float, default=0.4, help="of processor time for each turn")
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers beside candle, separated by commas")
    parser.add_argument("--cases", default=",".join(CLOSE), help="which cases, by how their names begin, separated by commas")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "peers", help="where to write .md, .svg and .json")
    options = parser.parse_args()

    this_machine = machine()
    programs = [Costate(options.costate, options.core), Costate(options.costate_native, options.core, "this processor"), Program("candle", options.candle, options.core)]
    wanted, workers = options.cases.split(","), {}
    results = []
    for case in (case for case in CLOSE if any(case.startswith(w) for w in wanted)):
        print(case, flush=True)
        kind = case.split("-")[-1]
        for peer in options.peers.split(","):
            if (peer, kind) not in workers:
                workers[peer, kind] = Peer(peer, kind, options.core)
        sides = programs + [workers[peer, kind] for peer in options.peers.split(",")]
        results.append(run_case(case, sides, options.rounds, options.seconds))
        print(report.lines(results[-1]), flush=True)
    versions = {"candle": CANDLE} | {k: v for worker in workers.values() for k, v in worker.versions.items()}
    for worker in workers.values():
        worker.close()
    everything = {
        "machine": this_machine,
        "versions": {**versions, "python": sys.version.split()[0]},
        "rounds": options.rounds,
        "seconds": options.seconds,
        "cases": results,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".json").write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
    options.output.with_suffix(".md").write_text(report.markdown(everything, load(), f"{options.output.name}.svg"))
    chart.draw(everything, options.output.with_suffix(".svg"))
    print(f"written: {options.output}.md, .svg and .json")


if __name__ == "__main__":
    main()
