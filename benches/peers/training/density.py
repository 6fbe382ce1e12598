"""diffrax trains the continuous flows of the study `density`: the same network, initial distribution, batches' distribution, optimiser, schedule and tolerances, in f64 under `jax.jit`.

Prints −ln p of new points after as much processor time as costate took, and after all iterations. Compilation is not counted.
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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--iterations", type=int, default=2000)
    arguments.add_argument("--seconds", type=float, nargs=2, help="of processor time that costate took for both densities")
    arguments = arguments.parse_args()
    n = arguments.iterations

    @jax.jit
    def iteration(theta, m, v, x, k):
        value, g = jax.value_and_grad(loss)(theta, x)
        rate = 0.01 * (0.02 + 0.98 * 0.5 * (1 + jnp.cos(math.pi * k / n)))
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        step = lambda p, m, v: p - rate * (m / (1 - 0.9 ** (k + 1))) / (jnp.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8)
        return jax.tree.map(step, theta, m, v), m, v, value

    print("| density | iterations in costate's time | −ln p then | −ln p after all | CPU s |")
    print("|---|---|---|---|---|")
    for which, (name, draw) in enumerate([("two moons", moons), ("eight Gaussians", gaussians)]):
        draw, value = jax.jit(draw), jax.jit(loss)
        key = jax.random.key(2)
        theta = initial(key)
        zeros = jax.tree.map(jnp.zeros_like, theta)
        m, v = zeros, zeros
        iteration(theta, m, v, draw(key), 0.0)  # compiles
        test = lambda: sum(float(value(theta, draw(jax.random.key(10**6 + k)))) for k in range(40)) / 40
        test()
        used, then = 0.0, None
        for k in range(n):
            begin = time.process_time()
            theta, m, v, _ = jax.block_until_ready(iteration(theta, m, v, draw(jax.random.fold_in(key, k)), float(k)))
            used += time.process_time() - begin
            if then is None and arguments.seconds and used > arguments.seconds[which]:
                then = (k + 1, test())
        at = f"{then[0]} | {then[1]:.3f}" if then else "all |"
        print(f"| {name} | {at} | {test():.3f} | {used:.0f} |", flush=True)


main()
