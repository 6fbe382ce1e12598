"""diffrax trains the continuous flows of the study `density`: the same network, distribution of initial weights and batches, optimiser, schedule and tolerances, in f64 under `jax.jit`.

    python benches/peers/training/density.py --moons 25 --gaussians 25

The numbers are the CPU seconds that costate took, as the study prints them. Training ends when they are used up, and the learning rate falls with them. Prints −ln p of new points, the median of three seeds. Compilation is not
counted. `run` beside this file calls both.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import math
import time

import diffrax as dfx
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
B, WIDTHS, TOLERANCE = 128, [3, 32, 32, 2], 1e-5


def moons(key):
    k = jax.random.split(key, 3)
    angle = jax.random.uniform(k[0], (B,), maxval=math.pi)
    sign = jnp.where(jax.random.bernoulli(k[1], shape=(B,)), 1.0, -1.0)
    at = sign[:, None] * jnp.stack([jnp.cos(angle) - 0.5, jnp.sin(angle) - 0.25], 1)
    return at + 0.1 * jax.random.normal(k[2], (B, 2))


def gaussians(key):
    k = jax.random.split(key)
    angle = math.tau / 8 * jax.random.randint(k[0], (B,), 0, 8)
    return 2 * jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1) + 0.2 * jax.random.normal(k[1], (B, 2))


def initial(key):
    theta = []
    for n, m in zip(WIDTHS, WIDTHS[1:]):
        key, w, b = jax.random.split(key, 3)
        bound = n**-0.5
        draw = lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)
        theta.append((draw(w, (m, n)), draw(b, (m,))))
    return theta


def field(t, h, theta):
    """dx/dt and −tr ∂f/∂x beside it."""

    def net(x):
        y = jnp.append(x, t)
        for w, b in theta[:-1]:
            y = jnp.tanh(w @ y + b)
        w, b = theta[-1]
        return w @ y + b

    def one(h):
        dx, jvp = jax.linearize(net, h[:2])
        trace = sum(jvp(e)[i] for i, e in enumerate(jnp.eye(2)))
        return jnp.append(dx, -trace)

    return jax.vmap(one)(h)


def loss(theta, x):
    solution = dfx.diffeqsolve(
        dfx.ODETerm(field), dfx.Tsit5(), 1.0, 0.0, None, jnp.pad(x, ((0, 0), (0, 1))), theta,
        stepsize_controller=dfx.PIDController(rtol=TOLERANCE, atol=TOLERANCE), max_steps=256,
    )  # fmt: skip
    h = solution.ys[0]
    return -jnp.mean(-0.5 * jnp.sum(h[:, :2] ** 2, 1) - math.log(math.tau) - h[:, 2])


@jax.jit
def iteration(theta, m, v, x, k, done):
    """Adam at a rate that falls from 0.01 by half a cosine to a fiftieth when all is done."""
    value, g = jax.value_and_grad(loss)(theta, x)
    rate = 0.01 * (0.02 + 0.98 * 0.5 * (1 + jnp.cos(math.pi * done)))
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    step = lambda p, m, v: p - rate * (m / (1 - 0.9 ** (k + 1))) / (jnp.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8)
    return jax.tree.map(step, theta, m, v), m, v, value


def train(draw, seconds, seed):
    """θ after so much processor time, and the number of iterations."""
    key = jax.random.key(seed)
    theta = initial(key)
    m = v = jax.tree.map(jnp.zeros_like, theta)
    jax.block_until_ready(iteration(theta, m, v, draw(key), 0.0, 0.0))  # compiles
    k, begin, used = 0, time.process_time(), 0.0
    while used < seconds:
        x = draw(jax.random.fold_in(key, k))
        theta, m, v, _ = jax.block_until_ready(iteration(theta, m, v, x, float(k), used / seconds))
        k, used = k + 1, time.process_time() - begin
    return theta, k


def main():
    arguments = argparse.ArgumentParser()
    for name in ["moons", "gaussians"]:
        arguments.add_argument(f"--{name}", type=float, help="CPU seconds that costate took; left out if not given")
    arguments = arguments.parse_args()
    print("| density | iterations in costate's time | −ln p of new points | CPU s |")
    print("|---|---|---|---|")
    for name, draw, seconds in [("two moons", moons, arguments.moons), ("eight Gaussians", gaussians, arguments.gaussians)]:
        if seconds is None:
            continue
        draw, value = jax.jit(draw), jax.jit(loss)
        found = []
        for seed in [1, 2, 3]:
            theta, iterations = train(draw, seconds, seed)
            found.append((sum(float(value(theta, draw(jax.random.key(10**6 + k)))) for k in range(1000)) / 1000, iterations))
        new, iterations = sorted(found)[1]
        print(f"| {name} | {iterations} | {new:.3f} | {seconds:.0f} |", flush=True)


main()
