"""Which machine, compiler and version of costate this is."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

from workloads import HERE


def machine():
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    widest = next((name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2")] if flag in flags), "no AVX2")
    return {
        "processor": f"{fields.get('model name', platform.processor())}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}, {widest}",
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "rustc": output("rustc", "--version"),
        "costate": output("git", "describe", "--always", "--dirty=, with changes"),
        "date": date.today().isoformat(),
    }


def output(*command):
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
