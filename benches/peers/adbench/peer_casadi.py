"""CasADi: expression graphs, differentiated by reverse mode and run by its virtual machine.  peer_casadi.py FOLDER SECONDS"""

import sys

import casadi as ca
import numpy as np

from data import GMM, LSTM, Data, character, contest, matrix_places, reprojection


class Ops:
    sqrt, sin, cos, exp, log, tanh, sum = ca.sqrt, ca.sin, ca.cos, ca.exp, ca.log, ca.tanh, ca.sum1


def gmm(data):
    d, k, n = GMM["d"], GMM["k"], GMM["n"]
    x, places = data.gmm_x.reshape(n, d).T, matrix_places(d)
    size = d * (d + 1) // 2
    # What comes from the parameters alone, and what a point adds.
    theta = ca.SX.sym("theta", data.gmm_theta.size)
    alphas, means = theta[:k], ca.reshape(theta[k : k * (1 + d)], d, k)
    roots = ca.reshape(theta[k * (1 + d) :], size, k)
    root = ca.vertcat(ca.exp(roots[:d, :]), roots[d:, :])
    shifts = [ca.mtimes(matrix(root[:, i], places), means[:, i]) for i in range(k)]
    terms = alphas + ca.sum1(roots[:d, :]).T
    rest = 0.5 * ca.sumsqr(root) - n * ca.logsumexp(alphas) + float(data.gmm_constant[0])
    prepare = ca.Function("prepare", [theta], [ca.vertcat(ca.vec(root), ca.vertcat(*shifts), terms), rest])
    prepared, point = ca.SX.sym("prepared", k * (size + d + 1)), ca.SX.sym("point", d)
    inner = []
    for i in range(k):
        w = matrix(prepared[i * size : (i + 1) * size], places)
        row = ca.mtimes(w, point) - prepared[k * size + i * d : k * size + (i + 1) * d]
        inner.append(prepared[k * (size + d) + i] - 0.5 * ca.sumsqr(row))
    one = ca.Function("one", [prepared, point], [ca.logsumexp(ca.vertcat(*inner))])
    every = one.map("every", "serial", n, [0], [])
    at = ca.MX.sym("theta", theta.numel())
    values, rest = prepare(at)
    total = ca.sum2(every(values, ca.DM(x))) + rest
    return scalar(at, total, data.gmm_theta)


def matrix(root, places):
    d = len(places)
    rows = [[root[int(places[i, j])] if j <= i else ca.SX(1, 1) for j in range(d)] for i in range(d)]
    return ca.vertcat(*(ca.horzcat(*row) for row in rows))


def bundle(data):
    seen = data.bundle_seen.reshape(-1, 2).astype(int)
    inputs, feature = ca.SX.sym("inputs", 15), ca.SX.sym("feature", 2)
    errors = ca.vertcat(*reprojection(Ops, ca.vertsplit(inputs), ca.vertsplit(feature)))
    count = len(seen)
    cameras, points, weights = data.bundle_cameras.reshape(-1, 11), data.bundle_points.reshape(-1, 3), data.bundle_weights
    at, features = np.empty((count, 15)), np.ascontiguousarray(data.bundle_features)
    errors_out, jacobians_out = np.zeros((count, 2)), np.zeros((count, 15, 2))
    function = ca.Function("errors", [inputs, feature], [errors]).map(count)
    # Dense, with the zero that the weight's row of one error has of the other's centre.
    jacobian = ca.Function("jacobian", [inputs, feature], [ca.densify(ca.jacobian(errors, inputs))]).map(count)
    runs = [ready(f, [at, features], [out]) for f, out in ((function, errors_out), (jacobian, jacobians_out))]

    def run(which):
        at[:, :11], at[:, 11:14], at[:, 14] = cameras[seen[:, 0]], points[seen[:, 1]], weights
        runs[which]()

    def value(compare=False):
        run(0)
        return (errors_out**2).sum() if compare else None

    return value, lambda: run(1), lambda _: jacobians_out.transpose(0, 2, 1)


def lstm(data):
    layers, b = LSTM["layers"], LSTM["b"]
    rows = 8 * layers + 3
    theta, state = ca.SX.sym("theta", b, rows), ca.SX.sym("state", b, 2 * layers)
    given, following = ca.SX.sym("given", b), ca.SX.sym("following", b)
    new, loss = character(Ops, ca.horzsplit(theta), ca.horzsplit(state), given, following)
    # The state carries the sum of the losses.
    total = ca.SX.sym("total")
    carried = ca.vertcat(ca.vec(state), total)
    step = ca.Function("step", [carried, ca.vertcat(given, following), theta], [ca.vertcat(*new, total + loss)])
    characters = data.lstm_sequence.reshape(-1, b)
    pairs = np.hstack([characters[:-1], characters[1:]]).T
    at = ca.MX.sym("theta", b * rows)
    end = step.fold(pairs.shape[1])(np.append(data.lstm_state, 0.0), ca.DM(pairs), ca.repmat(ca.reshape(at, b, rows), 1, pairs.shape[1]))
    return scalar(at, end[-1] / (pairs.shape[1] * b), data.lstm_theta)


def ready(function, arguments, results):
    """The function with memory made once, without conversions on the way."""
    buffer, run = function.buffer()
    for i, argument in enumerate(arguments):
        buffer.set_arg(i, memoryview(argument))
    for i, result in enumerate(results):
        buffer.set_res(i, memoryview(result))

    def call():
        run()
        # The buffer keeps neither its function nor its memory alive.
        return function, buffer, arguments, results

    return call


def scalar(at, total, theta):
    value_out, gradient = np.zeros(1), np.zeros(theta.size)
    theta = np.ascontiguousarray(theta)
    function = ready(ca.Function("value", [at], [total]), [theta], [value_out])
    derivative = ready(ca.Function("gradient", [at], [total, ca.densify(ca.gradient(total, at))]), [theta], [value_out, gradient])

    def value(compare=False):
        function()
        return value_out[0]

    return value, derivative, lambda _: gradient


if __name__ == "__main__":
    data = Data(sys.argv[1])
    sides = {"gmm": gmm(data), "bundle": bundle(data), "lstm": lstm(data)}
    contest(f"CasADi {ca.__version__}", sys.argv[1], sides, float(sys.argv[2]))
