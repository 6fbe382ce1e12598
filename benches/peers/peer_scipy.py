"""SciPy: W3 with forward sensitivities, as one does without automatic differentiation: the variational equations written by
hand, solved together with the state by `solve_ivp`. It has no Tsitouras 5(4); RK45 is Dormand–Prince 5(4), of the same order."""

import numpy as np
import scipy
from scipy.integrate import solve_ivp

from contestant import Contestant

VERSIONS = {"scipy": scipy.__version__, "numpy": np.__version__}


def prepare(kind):
    """Called once, before anything is built: everything here is f64."""


def w3(d, method, kind):
    if method != "forward":
        return {}
    (rtol, atol), times, data = d["tolerances"], np.array(d["times"]), np.array(d["data"])
    a, b, c, e = d["parameters"]
    # h, then ∂h/∂(α, β, γ, δ, h₀) row by row.
    start = np.concatenate([d["h0"], np.hstack([np.zeros((2, 4)), np.eye(2)]).ravel()])

    def field(t, y):
        x, z = y[0], y[1]
        s = y[2:].reshape(2, 6)
        jacobian = np.array([[a - b * z, -b * x], [e * z, e * x - c]])
        ds = jacobian @ s
        ds[0, 0] += x
        ds[0, 1] -= x * z
        ds[1, 2] -= z
        ds[1, 3] += x * z
        return np.concatenate([[x * (a - b * z), z * (e * x - c)], ds.ravel()])

    def gradient():
        solution = solve_ivp(field, (times[0], times[-1]), start, "RK45", times, rtol=rtol, atol=atol, first_step=d["first_step"])
        h, s = solution.y[:2].T, solution.y[2:].T.reshape(-1, 2, 6)
        residuals = np.log(h / data)
        return np.sum(residuals**2), np.einsum("tc,tcp->p", 2.0 * residuals / h, s), solution

    def check():
        loss, gradient_, solution = gradient()
        # Evaluations are all that it tells: one at the start, six for each try.
        tried = (solution.nfev - 1) // 6
        return {"loss": float(loss), "gradient": gradient_.tolist(), "counts": {"tried": tried}}

    return {"scipy": Contestant(check, gradient, remark="variational equations by hand, Dormand–Prince 5(4), steps tried; their error counts too")}


BUILD = {"w3": w3}
