"""The most memory that a gradient takes, against the number of steps and of parameters. Started by `memory`.

    python memory.py --costate PROGRAM               all of it, written to results/memory.md
    python memory.py --one diffrax:direct 100 50     one number, in this process

The work is that of costate's program `memory`: a network 2-WIDTH-WIDTH-2 as the field of 20 states, from 0 to 1 with equal steps; Dormand and Prince's, and in torchdiffeq Runge and Kutta's of order 4, whose steps
it can prescribe. costate counts what it allocates, programs included; of diffrax it is what XLA plans for temporary values; of torchdiffeq by how much the process grew at most.
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path

from machine import machine
from workloads import HERE

WAYS = {
    "costate": ["discrete", "discrete-1", "interpolating", "backsolve"],
    "diffrax": ["direct", "checkpoints", "backsolve"],
    "torchdiffeq": ["odeint", "odeint_adjoint"],
}
NAMES = {
    "discrete": "discrete, all kept", "discrete-1": "discrete, within 1 MiB", "direct": "`DirectAdjoint`",
    "checkpoints": "`RecursiveCheckpointAdjoint`", "odeint": "`odeint`", "odeint_adjoint": "`odeint_adjoint`",
}  # fmt: skip
STEPS, WIDTHS = [100, 1000, 10000], [8, 64, 512]


def diffrax(way, steps, width):
    import diffrax as dfx
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    adjoints = {"direct": dfx.DirectAdjoint, "checkpoints": dfx.RecursiveCheckpointAdjoint, "backsolve": dfx.BacksolveAdjoint}

    def field(t, h, theta):
        for w, b in theta[:-1]:
            h = jnp.tanh(h @ w + b)
        w, b = theta[-1]
        return h @ w + b

    def loss(theta, h0):
        solution = dfx.diffeqsolve(
            dfx.ODETerm(field), dfx.Dopri5(), 0.0, 1.0, 1.0 / steps, h0, theta,
            stepsize_controller=dfx.ConstantStepSize(), adjoint=adjoints[way](), max_steps=steps + 1,
        )  # fmt: skip
        return jnp.sum(solution.ys[0])

    sizes = [2, width, width, 2]
    theta = [(jnp.full((n, m), 0.1), jnp.zeros(m)) for n, m in zip(sizes, sizes[1:])]
    plan = jax.jit(jax.grad(loss)).lower(theta, jnp.ones((20, 2))).compile().memory_analysis()
    return plan.temp_size_in_bytes + plan.output_size_in_bytes


def status(key):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(key))


def torchdiffeq(way, steps, width):
    import torch
    import torchdiffeq

    torch.set_num_threads(1)

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layer = lambda n, m: torch.nn.Linear(n, m, dtype=torch.float64)
            self.net = torch.nn.Sequential(layer(2, width), torch.nn.Tanh(), layer(width, width), torch.nn.Tanh(), layer(width, 2))

        def forward(self, t, h):
            return self.net(h)

    field, h0 = Field(), torch.ones(20, 2, dtype=torch.float64)
    solve = getattr(torchdiffeq, way)

    def gradient(steps):
        times = torch.tensor([0.0, 1.0], dtype=torch.float64)
        solve(field, h0, times, method="rk4", options={"step_size": 1.0 / steps})[-1].sum().backward()

    gradient(2)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the most held is counted from here
    gradient(steps)
    return status("VmHWM") - before


def ask(costate, tool, way, steps, width):
    """Bytes, in a process of its own."""
    if tool == "costate":
        command = [costate, way, str(steps), str(width)]
    else:
        command = [sys.executable, __file__, "--one", f"{tool}:{way}", str(steps), str(width)]
    done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, cwd=HERE)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)["bytes"]


def size(value):
    return f"{value / 2**10:.0f} KiB" if value < 2**20 else f"{value / 2**20:.3g} MiB" if value < 2**30 else f"{value / 2**30:.2f} GiB"


def main():
    parser = argparse.ArgumentParser(prog="benches/peers/memory", description=__doc__.splitlines()[0])
    parser.add_argument("--costate", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=HERE / "results" / "memory.md", help="where to write")
    options = parser.parse_args()
    if options.one:
        name, steps, width = options.one
        tool, way = name.split(":")
        print(json.dumps({"bytes": globals()[tool](way, int(steps), int(width))}))
        return
    this = machine()
    out = [
        "# The memory of a gradient",
        "",
        f"{this['date']}; {this['processor']}. costate {this['costate']} ({this['rustc']}).",
        "",
        "A network 2-w-w-2 as the field of 20 states, f64, equal steps from 0 to 1, the sum of the states at the end; Dormand and Prince's method, in torchdiffeq Runge and Kutta's of order 4. costate's numbers are the most bytes allocated "
        "at a time, compiled programs included; diffrax's what XLA plans for temporary values; torchdiffeq's the growth of the process. Repeat with `benches/peers/memory`.",
    ]
    for title, head, cases in [
        ("Against steps, w = 50", [f"{n} steps" for n in STEPS], [(n, 50) for n in STEPS]),
        ("Against parameters, 100 steps", [f"{w * w + 6 * w + 2} parameters" for w in WIDTHS], [(100, w) for w in WIDTHS]),
    ]:
        out += ["", f"## {title}", "", "| tool | gradient | " + " | ".join(head) + " |", "|---|---|" + "---|" * len(head)]
        print(title, flush=True)
        for tool, ways in WAYS.items():
            for way in ways:
                cells = [size(ask(options.costate, tool, way, steps, width)) for steps, width in cases]
                out.append(f"| {tool} | {NAMES.get(way, way)} | " + " | ".join(cells) + " |")
                print(out[-1], flush=True)
    options.output.write_text("\n".join(out) + "\n")
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
