"""The sides of the comparison as the driver sees them: costate's own program and candle's, and a worker for each peer and number type."""

import json
import subprocess
import sys

from workloads import HERE


class Program:
    """A program that `serve` of costate-benches makes, started anew for each request."""

    def __init__(self, name, program, core):
        self.name, self.command = name, ["taskset", "-c", str(core), program]
        self.cases = self.call("list")

    def call(self, *arguments):
        done = subprocess.run([*self.command, *arguments], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def names(self, case):
        return [self.name] * (case in self.cases)

    def check(self, case, name):
        return self.call("check", self._case(case, name))

    def time(self, case, name, seconds):
        return self.call("time", self._case(case, name), str(seconds))["seconds"]

    def _case(self, case, name):
        return case


class Costate(Program):
    """The program `workload` of the benches, which has ways to some cases: "case:way". Built otherwise it is told apart by `build` and asked for the plain one alone."""

    def __init__(self, program, core, build=""):
        super().__init__("costate", program, core)
        self.build = build

    def names(self, case):
        if self.build:
            return [f"costate ({self.build})"] * (self._case(case, "") in self.cases)
        ways = [c.partition(":")[2] for c in self.cases if c.partition(":")[0] == case]
        return [f"costate ({way})" if way else "costate" for way in ways]

    def _case(self, case, name):
        way = "" if self.build else name[9:-1]
        return f"{case}:{way}" if way else case


class Peer:
    """A peer's worker, kept running so that what it compiled stays compiled."""

    def __init__(self, peer, kind, core):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, "worker.py", peer, kind],
            cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.peer, self.versions = peer, {}

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.peer} ended; its message is above")
        return json.loads(answer)

    def names(self, case):
        answer = self.ask(case=case, do="names")
        self.versions = answer["versions"]
        return answer["names"]

    def check(self, case, name):
        return self.ask(case=case, do="check", contestant=name)

    def time(self, case, name, seconds):
        return self.ask(case=case, do="time", contestant=name, seconds=seconds)["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
