"""torchdiffeq on one thread, with PyTorch as most people run it (eager).

It has no Tsitouras 5(4): W3 takes Dormand–Prince 5(4), of the same order. The end is given as a step point, so that its last
step lands there like everybody's.
"""

import torch
import torchdiffeq
from torchdiffeq import odeint, odeint_adjoint

from contestant import Contestant
from workloads import flat, layers, uniform

VERSIONS = {"torchdiffeq": torchdiffeq.__version__, "torch": torch.__version__}


def prepare(kind):
    """Called once, before anything is built: `kind` is f32 or f64."""
    torch.set_num_threads(1)
    torch.set_default_dtype({"f32": torch.float32, "f64": torch.float64}[kind])


class Field(torch.nn.Module):
    """f(y, θ) with a count of its accepted and rejected steps."""

    def __init__(self, function, theta):
        super().__init__()
        self.function, self.theta = function, torch.nn.ParameterList(theta)
        self.counts = {"accepted": 0, "rejected": 0}

    def forward(self, t, y):
        return self.function(y, self.theta)

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def counting(self):
        """The same with steps counted: apart from the field that is timed."""
        counted = Field(self.function, list(self.theta))
        for which, name in [("", ""), ("_adjoint", "backward ")]:
            for what in ("accept", "reject"):
                hook = lambda t, y, dt, key=f"{name}{what}ed": counted.count(key)
                setattr(counted, f"callback_{what}_step{which}", hook)
        return counted


def network(y, theta):
    for i in range(0, len(theta) - 2, 2):
        y = torch.tanh(torch.nn.functional.linear(y, theta[i], theta[i + 1]))
    return torch.nn.functional.linear(y, theta[-2], theta[-1])


def tensors(arrays):
    return [torch.tensor(a, dtype=torch.get_default_dtype()) for a in arrays]


def solver(method, rtol, atol, first_step, times):
    """`odeint` with these settings."""
    options = dict(first_step=first_step, step_t=times[-1:].to(torch.float64))
    if method == "discrete":
        return lambda f, h0: odeint(f, h0, times, rtol=rtol, atol=atol, method="dopri5", options=options)
    backwards = dict(first_step=first_step, norm="seminorm")

    def solve(f, h0):
        return odeint_adjoint(
            f, h0, times, rtol=rtol, atol=atol, method="dopri5", options=options,
            adjoint_options=backwards, adjoint_params=tuple(f.parameters()),
        )  # fmt: skip

    return solve


def w1(d, method, kind):
    times, windows = tensors([d["times"], d["windows"]])
    solve = solver(method, *d["tolerances"][kind], d["first_step"][method], times)
    arrays = layers(d["widths"], **d["theta"])
    h0 = windows[0]
    fresh = lambda: Field(lambda y, theta: network(y**3, theta), tensors(arrays))
    loss = lambda f: torch.mean(torch.abs(solve(f, h0) - windows))

    def loop(f=None):
        f = f or fresh()
        optimizer = torch.optim.RMSprop(f.parameters(), lr=d["learning_rate"])
        for _ in range(d["iterations"]):
            optimizer.zero_grad()
            value = loss(f)
            value.backward()
            optimizer.step()
        return value.item()

    def check():
        counted = fresh().counting()
        return {**first_gradient(fresh(), loss), "last_loss": loop(counted), "counts": counted.counts}

    return {"torchdiffeq": Contestant(check, loop, d["iterations"])}


def w2(d, method, kind):
    (times,) = tensors([[0.0, 1.0]])
    solve = solver(method, *d["tolerances"], d["first_step"], times)
    f = Field(network, tensors(layers(d["widths"], **d["theta"])))
    count = d["batch"] * d["widths"][0]
    (h0,) = tensors([d["h0"]["scale"] * uniform(d["h0"]["seed"], count).reshape(d["batch"], -1)])
    loss = lambda f: torch.mean(solve(f, h0)[-1] ** 2)
    return {"torchdiffeq": gradient_contestant(f, loss)}


def w3(d, method, kind):
    if method == "forward":
        return {}
    times, data = tensors([d["times"], d["data"]])
    solve = solver(method, *d["tolerances"], d["first_step"], times)

    def field(y, theta):
        hare, lynx = y
        p = theta[0]
        return torch.stack([hare * (p[0] - p[1] * lynx), lynx * (p[3] * hare - p[2])])

    # h0 stands among the parameters, so that its gradient is gathered too.
    f = Field(field, tensors([d["parameters"], d["h0"]]))
    loss = lambda f: torch.sum(torch.log(solve(f, f.theta[1]) / data) ** 2)
    return {"torchdiffeq": gradient_contestant(f, loss, "Dormand–Prince 5(4)")}


def first_gradient(f, loss):
    counted = f.counting()
    value = loss(counted)
    gradient = torch.autograd.grad(value, list(counted.theta))
    return {
        "loss": value.item(),
        "gradient": flat([g.detach().numpy() for g in gradient]),
        "counts": counted.counts,
    }


def gradient_contestant(f, loss, remark=""):
    return Contestant(
        lambda: first_gradient(f, loss),
        lambda: torch.autograd.grad(loss(f), list(f.theta)),
        remark=remark,
    )


BUILD = {"w1": w1, "w2": w2, "w3": w3}
