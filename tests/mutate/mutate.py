#!/usr/bin/env python3
"""Flips signs and drops statements in the files that compute gradients, one at a time, and asks whether a test notices.

    tests/mutate/mutate.py                    every mutant of every file below
    tests/mutate/mutate.py --list             the mutants, without running them
    tests/mutate/mutate.py sweep.rs native.rs only these files
    tests/mutate/mutate.py --shard 0/4        every fourth

It works on a copy of the last commit, never on this one. A mutant that no test notices is printed as SURVIVED, and the script then ends
with 1: it needs a test, or a line in EQUIVALENT below that says why nothing can be noticed. One mutant takes about as long as
compiling one crate, so this is not part of continuous integration.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NEURAL = "crates/costate-neural-ode/src/"
TAPE = "crates/costate-tape/src/"

GRADIENTS = ["cargo", "test", "-q", "-p", "costate-neural-ode", "--lib", "--test", "gradient"]
TABLES = ["cargo", "test", "-q", "-p", "costate-tape", "--lib", "--tests"]

FILES = {
    NEURAL + "augmented.rs": GRADIENTS,
    NEURAL + "field/native.rs": GRADIENTS,
    NEURAL + "gradient/backsolve.rs": GRADIENTS,
    NEURAL + "gradient/discrete.rs": GRADIENTS,
    NEURAL + "gradient/discrete/small.rs": GRADIENTS,
    NEURAL + "gradient/discrete/sweep.rs": GRADIENTS,
    NEURAL + "gradient/forward.rs": GRADIENTS,
    NEURAL + "gradient/forward/tangents.rs": GRADIENTS,
    NEURAL + "gradient/frames.rs": GRADIENTS,
    NEURAL + "gradient/primal.rs": GRADIENTS,
    TAPE + "op/unary.rs": TABLES,
    TAPE + "op/binary.rs": TABLES,
    TAPE + "differentiate/reverse.rs": TABLES,
    TAPE + "differentiate/forward.rs": TABLES,
}

# (file, text of the line, what becomes of it): mutants that change nothing anybody could notice, and why.
EQUIVALENT = {}

# What is replaced by what. Types, generics and comments are no arithmetic and are skipped below.
OPERATORS = [
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" -= ", " += "),
    (r" \+= ", " -= "),
    (r"(?<=[=(,] )-(?=[\w*(])", ""),
    (r"(?<=\()-(?=[\w*(])", ""),
]
STATEMENT = re.compile(r"^\s*(self\.|\*?[a-z_.]+\(|\*?[a-z_.]+ \+?= |add\(|std::mem::swap)[^{}]*;$")


def code(line):
    """The part of a line that runs."""
    return line.split("//")[0]


def mutants(path, text):
    """(line number, new line) for each mutant of a file, tests left out."""
    lines = text.split("#[cfg(test)]")[0].splitlines()
    body = False
    for number, line in enumerate(lines):
        part = code(line)
        body = body or re.search(r"\bfn \w", part) is not None
        table = "derivative:" in part or "derivatives:" in part
        if not (body or table) or re.search(r"\b(where|impl|use|assert|T: |E: )", part):
            continue
        start = part.find("derivative") if table and path.startswith(TAPE) else 0
        for pattern, replacement in OPERATORS:
            for match in re.finditer(pattern, part):
                if match.start() >= start:
                    yield number, line[: match.start()] + replacement + line[match.end() :]
        if STATEMENT.match(part) and path.startswith(NEURAL):
            yield number, ""


def run(command, directory, timeout=600):
    """Whether all tests pass; None if the mutant is no program. One that never ends has been noticed."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return False
    output = done.stdout + done.stderr
    if "could not compile" in output:
        return None
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="ends of file names; all files if there are none")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--shard", default="0/1", help="i/n: every n-th mutant, beginning with the i-th")
    arguments = parser.parse_args()
    shard, shards = map(int, arguments.shard.split("/"))

    counts = {"noticed": 0, "no program": 0, "equivalent": 0, "SURVIVED": 0}
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", scratch], input=archive.stdout, check=True)
        for path, command in FILES.items():
            if arguments.files and not any(path.endswith(end) for end in arguments.files):
                continue
            file = pathlib.Path(scratch, path)
            original = file.read_text()
            if not arguments.list and run(command, scratch, timeout=None) is not True:
                sys.exit(f"{path}: the tests fail without any mutant")
            lines = original.splitlines()
            for index, (number, changed) in enumerate(mutants(path, original)):
                if index % shards != shard:
                    continue
                before = lines[number].strip()
                title = f"{path}:{number + 1}: {before}  =>  {changed.strip() or '(dropped)'}"
                if arguments.list:
                    print(title)
                    continue
                file.write_text("\n".join(lines[:number] + [changed] + lines[number + 1 :]) + "\n")
                passed = run(command, scratch)
                verdict = {True: "SURVIVED", False: "noticed", None: "no program"}[passed]
                if passed and (path, before, changed.strip()) in EQUIVALENT:
                    verdict = "equivalent"
                counts[verdict] += 1
                print(f"{verdict:10} {title}", flush=True)
                file.write_text(original)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    sys.exit(counts["SURVIVED"] > 0)


if __name__ == "__main__":
    main()
