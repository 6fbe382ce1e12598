"""CasADi with SUNDIALS CVODES: the adjoint (backsolve) and forward sensitivities of its integrator.

CVODES is a multistep method (here Adams, for problems that are not stiff): its steps are not comparable, its tolerances are."""

import casadi as ca
import numpy as np

from contestant import Contestant

VERSIONS = {"casadi": ca.__version__}


def prepare(kind):
    """Called once, before anything is built: everything here is f64."""


def w3(d, method, kind):
    if method == "discrete":
        return {}
    (rtol, atol), times, data = d["tolerances"], d["times"], np.array(d["data"])
    y, p = ca.SX.sym("y", 2), ca.SX.sym("p", 4)
    field = ca.vertcat(y[0] * (p[0] - p[1] * y[1]), y[1] * (p[3] * y[0] - p[2]))
    options = {"reltol": rtol, "abstol": atol, "linear_multistep_method": "adams", "nonlinear_solver_iteration": "functional"}
    options |= {"step0": d["first_step"]}
    solve = ca.integrator("solve", "cvodes", {"x": y, "p": p, "ode": field}, times[0], times, options)
    theta = ca.MX.sym("theta", 6)
    h = solve(x0=theta[4:], p=theta[:4])["xf"]
    residuals = ca.vec(ca.log(h) - np.log(data.T))
    loss = ca.sumsqr(residuals)
    if method == "backsolve":
        gradient = ca.gradient(loss, theta)
    else:
        # Six forward directions at once, from which the gradient follows.
        directions = ca.jtimes(residuals, theta, ca.MX.eye(6))
        gradient = 2.0 * ca.mtimes(directions.T, residuals)
    function = ca.Function("gradient", [theta], [loss, gradient])
    # Written into memory made once, without conversions on the way.
    buffer, run = function.buffer()
    at, value, slope = np.array(d["parameters"] + d["h0"]), np.zeros(1), np.zeros(6)
    buffer.set_arg(0, memoryview(at))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slope))

    def check():
        run()
        return {"loss": float(value[0]), "gradient": slope.tolist(), "counts": {}}

    # The buffer does not keep its function alive.
    keep = {"function": function, "buffer": buffer}
    return {"casadi": Contestant(check, run, remark="CVODES, Adams; it chooses order and steps itself", extra=keep)}


BUILD = {"w3": w3}
