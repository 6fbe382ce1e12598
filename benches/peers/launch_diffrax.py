"""What `launch` compares with: programs as one would write them in diffrax, from launch to result.

  launch_diffrax.py gradient    the loss of the hare and lynx fit and its gradient, printed as JSON
  launch_diffrax.py spiral      2000 iterations of RMSprop on random windows of the spiral, then the error of the whole trajectory
"""

import csv
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
EXAMPLES = Path(__file__).parents[2] / "examples"


def read(name):
    with open(EXAMPLES / name, newline="") as file:
        rows = list(csv.reader(file))
    return np.array(rows[1:], dtype=float)


def gradient():
    data = read("lynx-hare.csv")
    times, counts = data[:, 0], data[:, 1:]
    names = ["alpha", "beta", "gamma", "delta", "hare0", "lynx0"]

    def field(t, y, p):
        hare, lynx = y
        alpha, beta, gamma, delta = p
        return jnp.stack([alpha * hare - beta * hare * lynx, delta * hare * lynx - gamma * lynx])

    def loss(p):
        solution = dfx.diffeqsolve(
            dfx.ODETerm(field), dfx.Tsit5(), times[0], times[-1], None, p[4:], p[:4],
            saveat=dfx.SaveAt(ts=times), stepsize_controller=dfx.PIDController(rtol=1e-8, atol=1e-8),
        )  # fmt: skip
        return jnp.sum(jnp.log(solution.ys / counts) ** 2)

    value, grads = jax.jit(jax.value_and_grad(loss))(jnp.array([0.55, 0.028, 0.8, 0.024, 33.0, 5.9]))
    print(json.dumps({"loss": float(value), "gradient": dict(zip(names, map(float, grads)))}))


def spiral(iterations=2000, size=20, length=10, rate=1e-3):
    data = read("spiral.csv")
    times, states = jnp.array(data[:, 0]), jnp.array(data[:, 1:])
    random = np.random.default_rng(0)
    theta = [random.normal(0.0, 0.1, (50, 2)), np.zeros(50), random.normal(0.0, 0.1, (2, 50)), np.zeros(2)]
    theta = [jnp.array(a) for a in theta]
    mean_square = [jnp.zeros_like(a) for a in theta]

    def field(t, y, theta):
        v, b, w, c = theta
        return jnp.tanh(y**3 @ v.T + b) @ w.T + c

    def solve(theta, y0, ts, max_steps):
        return dfx.diffeqsolve(
            dfx.ODETerm(field), dfx.Dopri5(), ts[0], ts[-1], None, y0, theta,
            saveat=dfx.SaveAt(ts=ts), stepsize_controller=dfx.PIDController(rtol=1e-7, atol=1e-9), max_steps=max_steps,
        ).ys  # fmt: skip

    @jax.jit
    def step(theta, mean_square, windows):
        def loss(theta):
            return jnp.mean(jnp.abs(solve(theta, windows[0], times[:length], 64) - windows))

        gradient = jax.grad(loss)(theta)
        mean_square = [0.99 * v + 0.01 * g * g for v, g in zip(mean_square, gradient)]
        theta = [p - rate * g / (jnp.sqrt(v) + 1e-8) for p, g, v in zip(theta, gradient, mean_square)]
        return theta, mean_square

    for _ in range(iterations):
        first = random.choice(len(times) - length, size, replace=False)
        theta, mean_square = step(theta, mean_square, states[first + np.arange(length)[:, None]])
    whole = jax.jit(lambda theta: jnp.mean(jnp.abs(solve(theta, states[0], times, 4096) - states)))
    print(json.dumps({"error": float(whole(theta))}))


if __name__ == "__main__":
    {"gradient": gradient, "spiral": spiral}[sys.argv[1]]()
