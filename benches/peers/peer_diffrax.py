"""diffrax: everything under `jax.jit`, compiled before it is timed.

Steps that the solver may take are limited to little more than it needs, and every step is kept (`checkpoints=max_steps`) where
that is faster than diffrax's default: both make diffrax faster than it is with its defaults.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np

from contestant import Contestant
from workloads import flat, layers, uniform

VERSIONS = {"diffrax": dfx.__version__, "jax": jax.__version__}


def prepare(kind):
    """Called once, before anything is built: `kind` is f32 or f64."""
    jax.config.update("jax_enable_x64", kind == "f64")


def controller(rtol, atol, **more):
    return dfx.PIDController(rtol=rtol, atol=atol, **more)


def store_all(max_steps):
    return dfx.RecursiveCheckpointAdjoint(checkpoints=max_steps)


def backsolve(solver, rtol, atol):
    """The continuous adjoint with the parameters left out of the error norm."""
    norm = dfx.adjoint_rms_seminorm
    return dfx.BacksolveAdjoint(solver=solver, stepsize_controller=controller(rtol, atol, norm=norm))


def counts(stats):
    return {k: int(stats[f"num_{k}_steps"]) for k in ("accepted", "rejected")}


def network(y, theta):
    *hidden, (w, b) = list(zip(theta[::2], theta[1::2]))
    for v, c in hidden:
        y = jnp.tanh(y @ v.T + c)
    return y @ w.T + b


def cast(arrays):
    return tuple(jnp.asarray(a, dtype=jnp.float64 if jax.config.jax_enable_x64 else jnp.float32) for a in arrays)


def w1(d, method, kind):
    rtol, atol = d["tolerances"][kind]
    first, solver, max_steps = d["first_step"][method], dfx.Dopri5(), 32
    adjoint = store_all(max_steps) if method == "discrete" else backsolve(solver, rtol, atol)
    times, windows = cast([d["times"], d["windows"]])
    start = cast(layers(d["widths"], **d["theta"]))
    zeros = tuple(jnp.zeros_like(a) for a in start)
    term = dfx.ODETerm(lambda t, y, theta: network(y**3, theta))

    def loss(theta):
        solution = dfx.diffeqsolve(
            term, solver, times[0], times[-1], first, windows[0], theta,
            saveat=dfx.SaveAt(ts=times), stepsize_controller=controller(rtol, atol),
            adjoint=adjoint, max_steps=max_steps,
        )  # fmt: skip
        return jnp.mean(jnp.abs(solution.ys - windows)), solution.stats

    def iteration(theta, mean_square):
        (value, stats), gradient = jax.value_and_grad(loss, has_aux=True)(theta)
        mean_square = tuple(0.99 * v + 0.01 * g * g for v, g in zip(mean_square, gradient))
        steps = zip(theta, gradient, mean_square)
        theta = tuple(p - d["learning_rate"] * g / (jnp.sqrt(v) + 1e-8) for p, g, v in steps)
        return theta, mean_square, value, stats

    step, gradient = jax.jit(iteration), jax.jit(jax.value_and_grad(loss, has_aux=True))

    def loop():
        theta, mean_square = start, zeros
        for _ in range(d["iterations"]):
            theta, mean_square, value, _ = step(theta, mean_square)
        return value.block_until_ready()

    def body(carry, _):
        theta, mean_square, value, stats = iteration(*carry)
        return (theta, mean_square), (value, stats)

    @jax.jit
    def scan():
        values, stats = jax.lax.scan(body, (start, zeros), length=d["iterations"])[1]
        return values[-1], jax.tree.map(jnp.sum, stats)

    def check():
        (value, _), grads = gradient(start)
        last, stats = scan()
        return {"loss": float(value), "gradient": flat(grads), "last_loss": float(last), "counts": counts(stats)}

    each, whole = "an iteration is one call of a jitted function", f"{d['iterations']} iterations compiled into one call"
    return {
        "diffrax": Contestant(check, loop, d["iterations"], each),
        "diffrax (scan)": Contestant(check, lambda: jax.block_until_ready(scan()), d["iterations"], whole),
    }


def w2(d, method, kind):
    (rtol, atol), solver, max_steps = d["tolerances"], dfx.Dopri5(), 16
    theta = cast(layers(d["widths"], **d["theta"]))
    count = d["batch"] * d["widths"][0]
    (h0,) = cast([d["h0"]["scale"] * uniform(d["h0"]["seed"], count).reshape(d["batch"], -1)])
    term = dfx.ODETerm(lambda t, y, theta: network(y, theta))

    def loss(theta):
        solution = dfx.diffeqsolve(
            term, solver, 0.0, 1.0, d["first_step"], h0, theta,
            stepsize_controller=controller(rtol, atol), adjoint=store_all(max_steps), max_steps=max_steps,
        )  # fmt: skip
        return jnp.mean(solution.ys[0] ** 2), solution.stats

    return {"diffrax": gradient_contestant(jax.value_and_grad(loss, has_aux=True), theta)}


def w3(d, method, kind):
    (rtol, atol), solver, max_steps = d["tolerances"], dfx.Tsit5(), 256
    times, data = cast([d["times"], d["data"]])
    theta = cast([d["parameters"], d["h0"]])

    def field(t, y, p):
        hare, lynx = y
        return jnp.stack([hare * (p[0] - p[1] * lynx), lynx * (p[3] * hare - p[2])])

    def loss_with(adjoint):
        def loss(theta):
            p, h0 = theta
            solution = dfx.diffeqsolve(
                dfx.ODETerm(field), solver, times[0], times[-1], d["first_step"], h0, p,
                saveat=dfx.SaveAt(ts=times), stepsize_controller=controller(rtol, atol),
                adjoint=adjoint, max_steps=max_steps,
            )  # fmt: skip
            return jnp.sum(jnp.log(solution.ys / data) ** 2), solution.stats

        return loss

    if method == "backsolve":
        loss = loss_with(backsolve(solver, rtol, atol))
        return {"diffrax": gradient_contestant(jax.value_and_grad(loss, has_aux=True), theta)}
    if method == "forward":
        loss = loss_with(dfx.ForwardMode())

        def forward(theta):
            # The loss comes along as an auxiliary value.
            def with_value(theta):
                value, stats = loss(theta)
                return value, (value, stats)

            gradient, aux = jax.jacfwd(with_value, has_aux=True)(theta)
            return aux, gradient

        return {"diffrax": gradient_contestant(forward, theta)}
    loss = loss_with(store_all(max_steps))
    return {"diffrax": gradient_contestant(jax.value_and_grad(loss, has_aux=True), theta)}


def gradient_contestant(function, theta):
    gradient = jax.jit(function)

    def check():
        (value, stats), grads = gradient(theta)
        return {"loss": float(value), "gradient": flat(grads), "counts": counts(stats)}

    return Contestant(check, lambda: jax.block_until_ready(gradient(theta)))


def w4(d, method, kind):
    (rtol, atol), solver, max_steps = d["tolerances"], dfx.Tsit5(), 1024
    rho, h0 = cast([np.linspace(*d["rho"], d["count"]), d["h0"]])

    def field(t, y, rho):
        a, b, c = y
        return jnp.stack([d["sigma"] * (b - a), a * (rho - c) - b, a * b - d["beta"] * c])

    @jax.jit
    @jax.vmap
    def ends(rho):
        solution = dfx.diffeqsolve(
            dfx.ODETerm(field), solver, 0.0, d["t1"], d["first_step"], h0, rho,
            stepsize_controller=controller(rtol, atol), max_steps=max_steps,
            adjoint=dfx.ForwardMode(),
        )  # fmt: skip
        return solution.ys[0], solution.stats

    def check():
        values, stats = ends(rho)
        totals = {k: int(np.sum(stats[f"num_{k}_steps"])) for k in ("accepted", "rejected")}
        return {"values": flat([values]), "counts": totals}

    return {"diffrax": Contestant(check, lambda: jax.block_until_ready(ends(rho)), remark="vmap")}


BUILD = {"w1": w1, "w2": w2, "w3": w3, "w4": w4}
