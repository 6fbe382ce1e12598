"""diffrax's processor time for one training iteration of the studies: the same networks, batch sizes, solver, tolerances and optimiser, in f64 (digits in f32) under `jax.jit`, compiled before it is timed.

    python benches/peers/training/times.py

Studies that search by L-BFGS take a gradient or two an iteration; theirs is the time of one. Prints a table with the milliseconds of an iteration, the steps of a solve when training begins, and the seconds to compile. costate's are in the tables of `study`. Data are drawn here, of the same kind.
`run` beside this file calls it.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import math
import time
from pathlib import Path

import diffrax as dfx
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
ITERATIONS = 100


def linear(key, inputs, outputs):
    w, b = jax.random.split(key)
    bound = inputs**-0.5
    draw = lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)
    return draw(w, (outputs, inputs)), draw(b, (outputs,))


def mlp(key, widths):
    keys = jax.random.split(key, len(widths))
    return [linear(key, n, m) for key, n, m in zip(keys, widths, widths[1:])]


def apply(net, x, activation):
    for w, b in net[:-1]:
        x = activation(x @ w.T + b)
    w, b = net[-1]
    return x @ w.T + b


def with_time(t, h):
    return jnp.concatenate([h, jnp.full(h.shape[:1] + (1,) + h.shape[2:], t)], 1)


def solve(field, h0, theta, tolerance, times, solver=dfx.Tsit5()):
    times = jnp.asarray(times, h0.dtype)
    return dfx.diffeqsolve(
        dfx.ODETerm(field), solver, times[0], times[-1], None, h0, theta,
        saveat=dfx.SaveAt(ts=times), max_steps=256,
        stepsize_controller=dfx.PIDController(rtol=tolerance, atol=tolerance),
    )  # fmt: skip


def augmented(key):
    """Nested circles with one dimension more."""
    keys = jax.random.split(key, 4)
    outer = jax.random.bernoulli(keys[0], shape=(64,))
    radius = jnp.sqrt(jnp.where(outer, 1, 0) + jax.random.uniform(keys[1], (64,)) * jnp.where(outer, 1.25, 0.25))
    angle = jax.random.uniform(keys[1], (64,), maxval=math.tau)
    x = jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle)], 1)
    y = jnp.where(outer, 1.0, -1.0)
    theta = {"net": mlp(keys[2], [4, 32, 32, 3]), "readout": mlp(keys[3], [3, 1])}
    field = lambda t, h, theta: apply(theta["net"], with_time(t, h), jnp.tanh)

    def loss(theta, key):
        found = solve(field, jnp.pad(x, ((0, 0), (0, 1))), theta, 1e-5, [0.0, 1.0])
        return jnp.mean((apply(theta["readout"], found.ys[-1], None)[:, 0] - y) ** 2), found.stats["num_steps"]

    return theta, loss


def latent(key, n=30, b=50, times=100, step=6 * math.pi / 499, noise=0.3):
    """A latent ODE on spirals, n of 100 times seen."""
    keys = jax.random.split(key, 8)
    clockwise = jax.random.bernoulli(keys[0], shape=(b,))
    begin = jax.random.randint(keys[1], (b,), 100, 400)
    seen = jnp.sort(jax.vmap(lambda key: jax.random.permutation(key, times)[:n])(jax.random.split(keys[2], b)), 1)
    angle = step * (begin[:, None] + seen)
    back = 6 * math.pi + 1 - angle
    at = lambda radius, angle, centre: jnp.stack([radius * jnp.cos(angle) + centre, radius * jnp.sin(angle)], -1)
    x = jnp.where(clockwise[:, None, None], at(15 / back, back, -5.0), at(0.3 * angle, angle, 5.0))
    x = x + noise * jax.random.normal(keys[3], x.shape)
    before = jnp.concatenate([jnp.zeros((b, 1), int), seen[:, :-1]], 1)
    readings = jnp.concatenate([x / 5, step * (seen - before)[:, :, None]], 2).transpose(1, 0, 2)
    rows = jnp.arange(b)[:, None]
    positions = jnp.zeros((b, times, 2)).at[rows, seen].set(x)
    weights = jnp.zeros((b, times, 1)).at[rows, seen].set(1.0)
    theta = {
        "input": linear(keys[4], 3, 75), "hidden": linear(keys[5], 25, 75), "code": mlp(keys[6], [25, 8]),
        "net": mlp(keys[7], [4, 20, 20, 4]), "decoder": mlp(keys[0], [4, 20, 2]),
    }  # fmt: skip
    field = lambda t, z, theta: apply(theta["net"], z, jax.nn.elu)
    grid = [step * i for i in range(times)]

    def gru(theta, h, x):
        (w, b), (u, c) = theta["input"], theta["hidden"]
        from_x, from_h = jnp.split(x @ w.T + b, 3, 1), jnp.split(h @ u.T + c, 3, 1)
        r, z = jax.nn.sigmoid(from_x[0] + from_h[0]), jax.nn.sigmoid(from_x[1] + from_h[1])
        new = jnp.tanh(from_x[2] + r * from_h[2])
        return new + z * (h - new)

    def loss(theta, key):
        h, _ = jax.lax.scan(lambda h, x: (gru(theta, h, x), None), jnp.zeros((b, 25)), readings, reverse=True)
        mean, ln_std = jnp.split(apply(theta["code"], h, None), 2, 1)
        z = mean + jnp.exp(ln_std) * jax.random.normal(key, mean.shape)
        divergence = 0.5 * jnp.sum(mean**2 + jnp.exp(2 * ln_std) - 1 - 2 * ln_std)
        found = solve(field, z, theta, 1e-4, grid)
        off = (5 * apply(theta["decoder"], found.ys.transpose(1, 0, 2), jnp.tanh) - positions) * weights
        return (0.5 * jnp.sum((off / noise) ** 2) + divergence) / b, found.stats["num_steps"]

    return theta, loss


def classifier(key, b=64, channels=24):
    """Digits of 8 × 8 pixels, an ODE with a convolutional field, in f32."""
    keys = jax.random.split(key, 6)
    images, classes = jax.random.uniform(keys[0], (b, 1, 8, 8)), jax.random.randint(keys[1], (b,), 0, 10)

    def kernel(key, inputs):
        w, c = linear(key, 9 * inputs, channels)
        return w.reshape(channels, inputs, 3, 3), c

    theta = {
        "stem": kernel(keys[2], 1), "first": kernel(keys[3], channels), "second": kernel(keys[4], channels),
        "readout": mlp(keys[5], [4 * channels, 10]),
    }  # fmt: skip

    theta, images = jax.tree.map(lambda x: x.astype(jnp.float32), (theta, images))

    def conv(layer, x):
        w, c = layer
        return jax.lax.conv(x, w, (1, 1), "SAME") + c[:, None, None]

    pool = lambda x: x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).mean((3, 5))
    field = lambda t, h, theta: conv(theta["second"], jnp.tanh(conv(theta["first"], h)))

    def loss(theta, key):
        found = solve(field, pool(conv(theta["stem"], images)), theta, 0.03, [0.0, 3.0], dfx.Bosh3())
        logits = apply(theta["readout"], pool(jax.nn.relu(found.ys[-1])).reshape(b, -1), None)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), classes[:, None], 1)
        return -jnp.mean(chosen), found.stats["num_steps"]

    return theta, loss


def depth(key, b=8, times=40):
    """A flow with W(t) and b(t), Fourier series of three terms, to where a turning carries points."""
    angle = 0.9 * jnp.arange(b)
    at = lambda turned: jnp.where(jnp.arange(b) % 2 == 0, 1.0, 0.5) * jnp.stack([jnp.cos(angle + turned), jnp.sin(angle + turned)])
    grid = [i / times for i in range(times + 1)]
    turn = lambda t: 2 * t + 6 * jnp.sin(math.tau * t) / math.tau
    seen = jnp.stack([at(turn(t)).T for t in grid[1:]])
    turns = jnp.array([0.0, -1.0, 1.0, 0.0, 0.0, 0.0])
    theta = jnp.stack([2 * turns, 6 / math.sqrt(2) * turns, 0 * turns])  # where the search is most of the time

    def field(t, h, theta):
        s = math.tau * t
        now = jnp.array([1.0, math.sqrt(2) * jnp.cos(s), math.sqrt(2) * jnp.sin(s)]) @ theta
        return h @ now[:4].reshape(2, 2).T + now[4:]

    def loss(theta, key):
        found = solve(field, at(0.0).T, theta, 1e-9, grid)
        return jnp.mean((found.ys[1:] - seen) ** 2), found.stats["num_steps"]

    return theta, loss


def lynx_hare(key, years=16):
    """Lotka's and Volterra's equations and a network, 1900–1915 of examples/lynx-hare.csv."""
    rows = (Path(__file__).parents[3] / "examples/lynx-hare.csv").read_text().splitlines()[1 : years + 1]
    data = jnp.log(jnp.array([[float(x) for x in row.split(",")[1:]] for row in rows]))
    net = mlp(key, [2, 8, 2])
    net[-1] = jax.tree.map(jnp.zeros_like, net[-1])
    theta = {"start": data[0], "rates": jnp.log(jnp.array([0.55, 0.028, 0.80, 0.024])), "net": net}

    def field(t, h, theta):
        alpha, beta, gamma, delta = jnp.exp(theta["rates"])
        known = jnp.array([alpha - beta * jnp.exp(h[1]), delta * jnp.exp(h[0]) - gamma])
        return known + apply(theta["net"], h[None] - 3, jnp.tanh)[0]

    def loss(theta, key):
        found = solve(field, theta["start"], theta, 1e-7, [float(year) for year in range(years)])
        punished = sum(jnp.sum(w**2) for w in jax.tree.leaves(theta["net"]))
        return jnp.mean((found.ys - data) ** 2) + punished, found.stats["num_steps"]

    return theta, loss


def measure(make):
    """Milliseconds of an iteration of Adam, the steps of the first solve, and the seconds until the first iteration was done."""
    theta, loss = make(jax.random.key(1))
    m = v = jax.tree.map(jnp.zeros_like, theta)

    @jax.jit
    def iteration(theta, m, v, k):
        (_, steps), g = jax.value_and_grad(loss, has_aux=True)(theta, jax.random.fold_in(jax.random.key(2), k))
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 0.01 * jnp.sqrt(1 - 0.999 ** (k + 1.0)) / (1 - 0.9 ** (k + 1.0))
        return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), theta, m, v), m, v, steps

    begin = time.process_time()
    *_, steps = jax.block_until_ready(iteration(theta, m, v, 0))
    compiled = time.process_time() - begin
    begin = time.process_time()
    for k in range(ITERATIONS):
        theta, m, v, _ = jax.block_until_ready(iteration(theta, m, v, k))
    return 1e3 * (time.process_time() - begin) / ITERATIONS, int(steps), compiled


def main():
    print("| study | diffrax, ms an iteration | steps of the first solve | s to compile |")
    print("|---|---|---|---|")
    studies = [
        ("augmented, circles", augmented), ("latent, 30 of 100", latent), ("digits, an ODE", classifier), ("depth, Fourier's 3 terms", depth),
        ("lynx-hare with a network", lynx_hare),
    ]  # fmt: skip
    for name, make in studies:
        milliseconds, steps, compiled = measure(make)
        print(f"| {name} | {milliseconds:.2f} | {steps} | {compiled:.1f} |", flush=True)


main()
