"""SUNDIALS' CVODES from C (`cvodes.c`): its adjoint, as its own examples write it. Left out, with a word, where there is no compiler or no library (Debian: libsundials-dev)."""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from contestant import Contestant

HERE = Path(__file__).resolve().parent
VERSIONS = {}
library = None


def prepare(kind):
    """Called once, before anything is built: compiles the C side."""
    global library
    out = Path(tempfile.mkdtemp()) / "cvodes.so"
    libraries = ["-lsundials_cvodes", "-lsundials_nvecserial", "-lm"]
    command = ["cc", "-O3", "-shared", "-fPIC", "-o", out, HERE / "cvodes.c", *libraries]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        print("no C compiler: CVODES' adjoint is left out", file=sys.stderr)
        return
    if done.returncode:
        print(f"CVODES' adjoint is left out (Debian's package is libsundials-dev): {done.stderr[:200]}", file=sys.stderr)
        return
    library = ctypes.CDLL(out)
    library.fit_new.restype = ctypes.c_void_p
    major, minor, patch = (ctypes.c_int(0) for _ in range(3))
    if library.SUNDIALSGetVersionNumber(*(ctypes.byref(x) for x in (major, minor, patch)), ctypes.create_string_buffer(8), 8) == 0:
        VERSIONS["cvodes"] = f"{major.value}.{minor.value}.{patch.value}"


def w3(d, method, kind):
    if library is None or method != "backsolve":
        return {}
    pointer = lambda a: a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    times, data = np.array(d["times"]), np.array(d["data"])
    rtol, atol = map(ctypes.c_double, d["tolerances"])
    fit = ctypes.c_void_p(library.fit_new(len(times), pointer(times), pointer(data), rtol, atol, ctypes.c_double(d["first_step"])))
    if not fit:
        raise SystemExit("CVODES could not be set up")
    at, value, slope = np.array(d["parameters"] + d["h0"]), np.zeros(1), np.zeros(6)
    arguments = (fit, pointer(at), pointer(value), pointer(slope))

    def run():
        flag = library.fit_gradient(*arguments)
        if flag:
            raise SystemExit(f"CVODES: flag {flag}")

    def check():
        run()
        steps = (ctypes.c_long * 4)()
        library.fit_steps(fit, steps)
        counts = dict(zip(("accepted", "rejected", "backward accepted", "backward rejected"), steps))
        return {"loss": float(value[0]), "gradient": slope.tolist(), "counts": counts}

    keep = {"arrays": (times, data, at, value, slope)}
    return {"cvodes (C)": Contestant(check, run, remark="adjoint, Adams; it chooses order and steps itself", extra=keep)}


BUILD = {"w3": w3}
