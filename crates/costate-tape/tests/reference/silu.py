#!/usr/bin/env python3
"""x·σ(x) where it is small, rounded from multiple precision.

Writes silu.csv beside this file: type, argument, value.
Needs mpmath:  python3 silu.py
"""

import random
import struct
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 1400
random.seed(5)


def silu(x):
    return mpf(x) / (1 + mp.exp(-mpf(x)))


def subnormal(value, least):
    """To the nearest multiple of the smallest number, ties to even: mpmath rounds as if exponents had no end."""
    return float(mp.nint(value / mpf(least)) * mpf(least))


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


rows = []
# Results of all sizes, then where they become subnormal, then where they end.
for low, high, count in [(-30, 5, 120), (-700, -30, 60), (-716, -700, 60), (-753, -716, 120)]:
    for _ in range(count):
        x = random.uniform(low, high)
        value = silu(x)
        rounded = subnormal(value, 5e-324) if abs(value) < 2.3e-308 else float(value)
        rows.append(("f64", x, rounded))
for low, high, count in [(-20, 5, 120), (-85, -20, 60), (-93, -85, 60), (-110, -93, 120)]:
    for _ in range(count):
        x = single(random.uniform(low, high))
        rows.append(("f32", x, float(silu(x))))
lines = ["type,x,value"] + [f"{kind},{x!r},{value!r}" for kind, x, value in rows]
Path(__file__).with_name("silu.csv").write_text("\n".join(lines) + "\n")
