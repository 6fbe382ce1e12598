#!/usr/bin/env python3
"""Values and derivatives of the elementwise operations over the whole range of f64 and f32, from multiple precision.

Writes unary.csv beside this file: operation, type, argument, value, derivative (empty where it is not one finite number); and
polygamma.csv: order, argument, value; and binary.csv, of the operations of two arguments that are no arithmetic: operation, type, both
arguments, value.
Needs mpmath:  python3 make.py
"""

import math
import struct
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 2300  # sin of 1e308 takes 1024 bits for the reduction alone
INF, NAN = math.inf, math.nan

# f(x) exactly; `limits` at −inf, +inf; `domain` outside of which the value is NaN; `at` for single points.
sigma = lambda x: 1 / (1 + mp.exp(-x))
erfc = lambda x: mpf(2 * (x < 0)) if abs(x) > 1e3 else mp.erfc(x)  # beyond all exponents
phi = lambda x: erfc(-x / mp.sqrt(2)) / 2
root = lambda x: mp.sign(x) * mp.cbrt(abs(x))
pdf = lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
everywhere, positive, unit = (-INF, INF), (0.0, INF), (-1.0, 1.0)

OPERATIONS = {
    # name: (value, derivative, (limit at -inf, limit at +inf), domain, {argument: value})
    "neg": (lambda x: -x, lambda x: mpf(-1), (INF, -INF), everywhere, {}),
    "exp": (mp.exp, mp.exp, (0.0, INF), everywhere, {}),
    "expm1": (mp.expm1, mp.exp, (-1.0, INF), everywhere, {}),
    "ln": (mp.log, lambda x: 1 / x, (NAN, INF), positive, {0.0: -INF}),
    "ln_1p": (mp.log1p, lambda x: 1 / (1 + x), (NAN, INF), (-1.0, INF), {-1.0: -INF}),
    "log2": (lambda x: mp.log(x, 2), lambda x: 1 / (x * mp.log(2)), (NAN, INF), positive, {0.0: -INF}),
    "log10": (lambda x: mp.log(x, 10), lambda x: 1 / (x * mp.log(10)), (NAN, INF), positive, {0.0: -INF}),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), (NAN, INF), positive, {}),
    "cbrt": (root, lambda x: 1 / (3 * root(x) ** 2), (-INF, INF), everywhere, {}),
    "sin": (mp.sin, mp.cos, (NAN, NAN), everywhere, {}),
    "cos": (mp.cos, lambda x: -mp.sin(x), (NAN, NAN), everywhere, {}),
    "tan": (mp.tan, lambda x: mp.sec(x) ** 2, (NAN, NAN), everywhere, {}),
    "asin": (mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), (NAN, NAN), unit, {}),
    "acos": (mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), (NAN, NAN), unit, {}),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x), (-math.pi / 2, math.pi / 2), everywhere, {}),
    "sinh": (mp.sinh, mp.cosh, (-INF, INF), everywhere, {}),
    "cosh": (mp.cosh, mp.sinh, (INF, INF), everywhere, {}),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, (-1.0, 1.0), everywhere, {}),
    "abs": (abs, mp.sign, (INF, INF), everywhere, {}),
    "sign": (mp.sign, lambda x: mpf(0), (-1.0, 1.0), everywhere, {}),
    "floor": (mp.floor, lambda x: mpf(0), (-INF, INF), everywhere, {}),
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x), (0.0, 1.0), everywhere, {}),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), sigma, (0.0, INF), everywhere, {}),
    "relu": (lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), (0.0, INF), everywhere, {}),
    "silu": (lambda x: x * sigma(x), lambda x: sigma(x) * (1 + x * sigma(-x)), (NAN, INF), everywhere, {}),
    "erf": (mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), (-1.0, 1.0), everywhere, {}),
    "erfc": (erfc, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x), (2.0, 0.0), everywhere, {}),
    "lgamma": (lambda x: mp.log(abs(mp.gamma(x))), mp.digamma, (INF, INF), everywhere, {0.0: INF}),
    "digamma": (mp.digamma, lambda x: mp.psi(1, x), (NAN, INF), everywhere, {}),
    "gelu": (lambda x: x * phi(x), lambda x: phi(x) + x * pdf(x), (-0.0, INF), everywhere, {}),
    "elu": (lambda x: x if x > 0 else mp.expm1(x), lambda x: mpf(1) if x > 0 else mp.exp(x), (-1.0, INF), everywhere, {}),
    "leaky_relu": (
        lambda x: x if x > 0 else x / 100,
        lambda x: mpf(1) if x > 0 else mpf(1) / 100,
        (-INF, INF),
        everywhere,
        {},
    ),
    "identity": (lambda x: x, lambda x: mpf(1), (-INF, INF), everywhere, {}),
}

# Odd functions keep the sign of a zero, and so do these.
ZERO_KEEPS_SIGN = {
    "expm1", "ln_1p", "sqrt", "cbrt", "sin", "tan", "asin", "atan", "sinh", "tanh", "sign", "floor", "silu", "erf", "gelu",
    "elu", "leaky_relu", "identity",
}  # fmt: skip

ORDINARY = [1e-20, 1e-8, 0.001, 0.1, 0.3, 0.5, 0.7, 0.99, 1.0, 1.3, 2.0, 3.7, 5.5, 9.0, 17.0, 20.5, 36.0, 45.0, 87.0, 100.0]
F64 = [5e-324, 1e-310, 2.3e-308, *ORDINARY, 700.0, 709.5, 745.0, 1e4, 1e8, 3e15, 1e22, 1e100, 1.7e308]
F32 = [1.4e-45, 1e-39, 1.2e-38, *ORDINARY, 88.5, 103.0, 1e4, 1e8, 1e22, 3.4e38]

# Beside the zeros.
MORE = {
    "lgamma": [1 - 2e-16, 1 + 3e-16, 1 - 1e-9, 1.0001, 0.95, 1.05, 2 - 5e-16, 2 + 5e-16, 2 - 1e-7, 2.001, 1.9, 2.2, 2.7, 7.5],
    "digamma": [1.4616321449683622, 1.4616321449683625, 1.46163, 1.4617, 1.4, 1.5, 1.999, 2.001, 0.999, 7.9, 8.1],
}  # fmt: skip


def single(x):
    """The nearest f32, as a float."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(INF, x)


def rounded(value, kind):
    x = float(value)
    return x if kind == "f64" else single(x)


def text(x):
    return "nan" if math.isnan(x) else repr(x)


def row(name, x, kind):
    f, slope, limits, (low, high), points = OPERATIONS[name]
    empty = ""
    if math.isnan(x):
        return NAN, empty
    if math.isinf(x):
        return limits[x > 0] if kind == "f64" else single(limits[x > 0]), empty
    if x in points:
        return points[x], empty
    if name in ("lgamma", "digamma"):
        return gamma_row(name, x, kind)
    if not low <= x <= high:
        return NAN, empty
    if x == 0.0:
        value = rounded(f(mpf(0)), kind)
        if value == 0.0:
            odd = name in ZERO_KEEPS_SIGN
            value = -x if name == "neg" else x if odd else 0.0
    else:
        value = rounded(f(mpf(x)), kind)
        if value == 0.0 and x < 0.0 and name in ("silu", "gelu"):
            value = -0.0  # underflow from below, which multiple precision does not know
    if x == 0.0 or abs(x) == 1.0 and name in ("asin", "acos"):
        return value, empty
    d = rounded(slope(mpf(x)), kind)
    return value, text(d) if math.isfinite(d) else empty


def gamma_row(name, x, kind):
    """ln |Γ| or ψ: poles, and the leading terms where x is beyond all."""
    if x <= 0.0 and x == math.floor(x):
        value = INF if name == "lgamma" else math.copysign(INF, -x) if x == 0.0 else NAN
        return value, ""
    with mp.workprec(300):
        x = mpf(x)
        far = x > 1e18
        log_gamma = (lambda x: x * (mp.log(x) - 1)) if far else lambda x: mp.re(mp.loggamma(x))
        psi = mp.log if far else mp.digamma
        psi_1 = (lambda x: 1 / x) if far else lambda x: mp.psi(1, x)
        f, slope = (log_gamma, psi) if name == "lgamma" else (psi, psi_1)
        value, d = rounded(f(x), kind), rounded(slope(x), kind)
    return value, text(d) if math.isfinite(d) else ""


def polygamma_rows():
    arguments = [1e-12, 0.003, 0.5, 1.0, 1.46, 2.7, 9.5, 33.0, 1e4, 1e9, -0.25, -0.5, -0.75, -3.3, -17.6, -1000.25]
    for n in [0, 1, 2, 3, 4, 7, 20, 60, 170]:
        for x in arguments:
            with mp.workprec(3000):
                value = float(mp.re(mp.psi(n, mpf(x))))
            yield n, x, value


def binary_rows():
    """Finite arguments other than zero; what happens at the others is C's, and tests say it one by one."""
    sizes = {
        "f64": [5e-324, 1e-300, 1e-20, 0.1, 0.7, 1.0, 1.5, 2.0, 3.0, 17.25, 1e3, 1e22, 1e200, 1.7e308],
        "f32": [1.4e-45, 1e-38, 1e-20, 0.1, 0.7, 1.0, 1.5, 2.0, 3.0, 17.25, 1e3, 1e22, 3.4e38],
    }
    for kind, points in sizes.items():
        signed = [sign * rounded(x, kind) for x in points for sign in (1.0, -1.0)]
        for a in signed:
            for b in signed:
                yield "atan2", kind, a, b, rounded(mp.atan2(mpf(a), mpf(b)), kind)
                yield "hypot", kind, a, b, rounded(mp.hypot(mpf(a), mpf(b)), kind)
                yield "pow", kind, a, b, power(a, b, kind)


def power(a, b, kind):
    whole = b == math.floor(b)
    if a < 0.0 and not whole:
        return NAN
    sign = -1.0 if a < 0.0 and b % 2.0 == 1.0 else 1.0
    exponent = mpf(b) * mp.log(abs(mpf(a)))
    if abs(exponent) > 1000:
        return sign * (INF if exponent > 0 else 0.0)
    return sign * rounded(mp.exp(exponent), kind)


def main():
    with open(Path(__file__).parent / "binary.csv", "w") as out:
        out.write("operation,type,a,b,value\n")
        for name, kind, a, b, value in binary_rows():
            out.write(f"{name},{kind},{text(a)},{text(b)},{text(value)}\n")
    with open(Path(__file__).parent / "polygamma.csv", "w") as out:
        out.write("order,x,value\n")
        for n, x, value in polygamma_rows():
            out.write(f"{n},{text(x)},{text(value)}\n")
    with open(Path(__file__).parent / "unary.csv", "w") as out:
        out.write("operation,type,x,value,derivative\n")
        for name in OPERATIONS:
            for kind, points in (("f64", F64), ("f32", F32)):
                points = [rounded(x, kind) for x in [*points, *MORE.get(name, [])]]
                for x in [*points, 0.0, INF]:
                    for x in (x, -x):
                        value, d = row(name, x, kind)
                        out.write(f"{name},{kind},{text(x)},{text(value)},{d}\n")
                value, d = row(name, NAN, kind)
                out.write(f"{name},{kind},nan,{text(value)},{d}\n")


main()
