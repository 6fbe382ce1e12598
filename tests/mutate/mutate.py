#!/usr/bin/env python3
"""Flips signs and drops statements in the files that compute gradients, and asks for each whether a test notices.

    tests/mutate/mutate.py                    every mutant of every file below
    tests/mutate/mutate.py --list             the mutants, without running them
    tests/mutate/mutate.py sweep.rs native.rs only these files
    tests/mutate/mutate.py --every 5          a sample

It works on a copy of the last commit, never on this one. All mutants of a crate are compiled into one program, each behind a number that
the environment chooses, so that a mutant takes no longer than the tests that notice it. A mutant that no test notices is printed as
SURVIVED, and the script then ends with 1: it needs a test, or a line in EQUIVALENT below that says why there is nothing to notice.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A crate's sources, its files to be changed, how its tests are built, and the tests that notice most, to be run first.
CRATES = [
    {
        "src": "crates/costate-neural-ode/src/",
        "files": [
            "augmented.rs",
            "field/integral.rs",
            "field/native.rs",
            "gradient.rs",
            "gradient/backsolve.rs",
            "gradient/costate.rs",
            "gradient/costate/jacobians.rs",
            "gradient/costate/system.rs",
            "gradient/discrete.rs",
            "gradient/discrete/explicit.rs",
            "gradient/discrete/small.rs",
            "gradient/discrete/sweep.rs",
            "gradient/finite_difference.rs",
            "gradient/finite_difference/solves.rs",
            "gradient/forward.rs",
            "gradient/forward/tangents.rs",
            "gradient/frames.rs",
            "gradient/gauss.rs",
            "gradient/interpolating.rs",
            "gradient/lent.rs",
            "gradient/path.rs",
            "gradient/primal.rs",
            "gradient/registry.rs",
            "gradient/stability.rs",
        ],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "gradient", "--test", "solvers"],
        "first": ["contract", "rest", "duals", "agreement", "closed"],
        "tables": False,
    },
    {
        "src": "crates/costate-neural-ode/src/",
        "files": [
            "field/solvable.rs",
            "gradient/discrete/steps.rs",
            "gradient/discrete/steps/coupled.rs",
            "gradient/discrete/steps/diagonal.rs",
            "gradient/discrete/steps/engine.rs",
            "gradient/discrete/steps/formula.rs",
            "gradient/discrete/steps/gradient.rs",
            "gradient/discrete/steps/rosenbrock.rs",
            "gradient/discrete/steps/rows.rs",
            "gradient/discrete/steps/sweep.rs",
            "gradient/discrete/steps/symplectic.rs",
            "gradient/discrete/steps/system.rs",
            "gradient/steady_state.rs",
        ],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "solvers", "--test", "gradient"],
        "first": ["duals", "rest"],
        "tables": False,
    },
    {
        "src": "crates/costate-neural-ode/src/",
        "files": [
            "field/natural.rs",
            "field/split.rs",
            "gradient/cubic.rs",
            "gradient/discrete/checkpoints.rs",
            "gradient/discrete/error_bar.rs",
            "gradient/discrete/steps/additive.rs",
            "gradient/discrete/steps/budget.rs",
            "gradient/discrete/steps/ends.rs",
            "gradient/discrete/steps/record.rs",
            "gradient/save_point.rs",
        ],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "solvers"],
        "first": ["additive", "error_bar", "budget", "native_fields", "symplectic"],
        "tables": False,
    },
    {
        "src": "crates/costate-neural-ode/src/",
        "files": ["gradient/reversible.rs", "gradient/reversible/back.rs"],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "solvers"],
        "first": ["reversible::"],
        "tables": False,
    },
    {
        "src": "crates/costate-neural-ode/src/",
        "files": [
            "hybrid/backward.rs",
            "hybrid/event.rs",
            "hybrid/forward.rs",
            "hybrid/leg.rs",
            "hybrid/map.rs",
            "hybrid/through.rs",
            "hybrid/watch.rs",
        ],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "hybrid", "--test", "beyond"],
        "first": ["ties", "closed", "edges"],
        "tables": False,
    },
    {
        "src": "crates/costate-neural-ode/src/",
        "files": [
            "batch.rs",
            "hybrid/shift.rs",
            "jacobian.rs",
            "second_order.rs",
            "second_order/recorded.rs",
            "second_order/tangent.rs",
        ],
        "tests": ["-p", "costate-neural-ode", "--lib", "--test", "beyond"],
        "first": ["hessian", "jacobian"],
        "tables": False,
    },
    {
        "src": "crates/costate-tape/src/",
        "files": ["op/unary.rs", "op/binary.rs"],
        "tests": ["-p", "costate-tape", "--lib", "--tests"],
        "first": ["derivative"],
        "tables": True,
    },
]

# Where gradients are made: each of their files is on the list.
WHOLE = ["gradient", "hybrid", "second_order"]

# Mutants, as they are printed but without the line number, that change nothing anybody could notice.
EQUIVALENT = {
    # A thread that makes a method keeps the others from taking theirs meanwhile: slower, no more.
    "crates/costate-neural-ode/src/batch.rs: drop(idle);  =>  (dropped)",
    # More memory than needed is kept.
    "crates/costate-neural-ode/src/gradient/backsolve.rs: back.system_mut().frames = Frames::of_one_step(tableau.stages() + 1);  =>  (dropped)",
    "crates/costate-neural-ode/src/gradient/discrete/checkpoints.rs: self.spare.reserve(self.rooms - self.spare.len());"
    "  =>  self.spare.reserve(self.rooms + self.spare.len());",
    "crates/costate-neural-ode/src/gradient/forward.rs: self.primal.steps.clear();  =>  (dropped)",
    "crates/costate-neural-ode/src/gradient/primal.rs: self.steps.clear();  =>  (dropped)",
    # The same for the costate's frames; a path that only grows is noticed by the allocation test, which is not run here.
    "crates/costate-neural-ode/src/gradient/costate.rs: let rows = tableau.dense_len().max(tableau.next() + 1);"
    "  =>  let rows = tableau.dense_len().max(tableau.next() - 1);",
    "crates/costate-neural-ode/src/gradient/costate.rs: path.clear();  =>  (dropped)",
    # Evaluated once more, one by one: slower, no more. A range that is left over is replaced wherever several are evaluated together.
    "crates/costate-neural-ode/src/gradient/costate/system.rs: self.ahead = frames.clone();  =>  (dropped)",
    "crates/costate-neural-ode/src/gradient/costate/system.rs: self.ahead = 0..0;  =>  (dropped)",
    # The same slopes, evaluated again.
    "crates/costate-neural-ode/src/gradient/discrete/steps/record.rs: ends_known = true;  =>  (dropped)",
    "crates/costate-neural-ode/src/gradient/reversible.rs: ends_known = true;  =>  (dropped)",
    # A step is found from anywhere.
    "crates/costate-neural-ode/src/gradient/path.rs: self.cursor = self.begins.len();  =>  (dropped)",
    # Every solve has an engine of its own.
    "crates/costate-neural-ode/src/gradient/discrete/steps/engine.rs: self.get_mut().restart();  =>  (dropped)",
    # Every state is written before it is read.
    "crates/costate-neural-ode/src/gradient/reversible.rs: zero.as_mut_slice().fill(Y::Element::zero());  =>  (dropped)",
    # Memory that is used again: without it, it is allocated again.
    "crates/costate-neural-ode/src/gradient/reversible/back.rs: self.inside = inside;  =>  (dropped)",
    # Distances are halved so often that as many digits come from extrapolation of one order.
    "crates/costate-neural-ode/src/gradient/finite_difference.rs: factor = factor * four;  =>  (dropped)",
    # Any row will do to begin the power method with.
    "crates/costate-neural-ode/src/gradient/stability.rs: *row = E::from_f64((1.3 + 2.1 * i as f64).sin());  =>  *row = E::from_f64((1.3 - 2.1 * i as f64).sin());",
    # Any point will do that is no end of the step: it is asked for so that slopes are evaluated.
    "crates/costate-neural-ode/src/gradient/primal.rs: let middle = self.it.t_prev() + self.it.h() * T::from_f64(0.5);"
    "  =>  let middle = self.it.t_prev() - self.it.h() * T::from_f64(0.5);",
    # The step is zero but for its tangent: what it multiplies shows with its value alone, and that is f at the same time.
    "crates/costate-neural-ode/src/hybrid/shift.rs: let state = self.shift(at + by, h, <Y::Element as num_traits::Zero>::zero() - by);"
    "  =>  let state = self.shift(at - by, h, <Y::Element as num_traits::Zero>::zero() - by);",
    # Frames are used again after two steps' worth, of which one is enough.
    "crates/costate-neural-ode/src/gradient/primal.rs: let rows = tableau.dense_len().max(tableau.next() + 1);"
    "  =>  let rows = tableau.dense_len().max(tableau.next() - 1);",
}

OPERATORS = [
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" -= ", " += "),
    (r" \+= ", " -= "),
    (r"(?<=[=,|{] )-(?=[\w*(])", ""),
    (r"(?<=\()-(?=[\w*(])", ""),
]
DROPPED = re.compile(r"^(self\.|\*?[a-z_]+(\.[a-z_]+\(|\(| \+?= )|std::mem::swap)")

SELECTOR = """
/// Whether mutant `number` is the one to be tried.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub)]
pub fn mutated(number: u32) -> bool {
    static CHOSEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| std::env::var("MUTANT").map_or(u32::MAX, |text| text.parse().unwrap())) == number
}
"""


def balanced(text):
    return all(text.count(a) == text.count(b) for a, b in ["()", "[]", "{}"])


RULE = re.compile(r"(.*derivatives?: \|[^|]*\| )(.*?)( }|,)$")
PARTS = [
    re.compile(r"(let (?:mut )?(?:\w+|\([\w, ]+\))(?:: [^=]+)? = )(.*)(;)$"),
    re.compile(r"(for .* in )(.*)( {)$"),
    re.compile(r"(if )(.*)( {)$"),
    re.compile(r"(.* => )(.*)(,)$"),
    re.compile(r"(\w+: )(.*)(,)$"),
    re.compile(r"()(.*;)()$"),
    re.compile(r"()([^.}].*[^,;{])()$"),
]
SIMPLE = re.compile(r"()([\w.]+ [+-] [\w.]+)()(?=[).,\]])")


def operators(text):
    """The text with one operator changed, for each operator."""
    for pattern, replacement in OPERATORS:
        for match in re.finditer(pattern, text):
            yield text[: match.start()] + replacement + text[match.end() :]


def arguments_of(rule):
    """The derivatives of a rule, one for each argument of the operation, with what stands around them."""
    depth, commas = 0, []
    for place, character in enumerate(rule[1:-1], 1):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            commas.append(place)
    if not rule.startswith("(") or len(commas) != 1:
        return [("", rule, "")]
    return [("(", rule[1 : commas[0]], ", "), ("", rule[commas[0] + 1 : -1].strip(), ")")]


def rule_mutants(path, number, code, rule, numbers, mutants):
    """A rule in whose place any of its mutants may stand: signs within each derivative, and of each as a whole."""
    head, whole, tail = rule
    chosen = head
    for before, derivative, behind in arguments_of(whole):
        choice = derivative
        for variant in [*operators(derivative), *([f"-({derivative})"] * (derivative != "c(0.0)"))]:
            mutant = next(numbers)
            choice = f"if crate::mutated({mutant}) {{ {variant} }} else {{ {choice} }}"
            mutants.append((mutant, f"{path}:{number}: {code.strip()}  =>  {variant} for {derivative}"))
        chosen += before + choice + behind
    return chosen + tail


def split(line):
    """A line as head, whole expression or statement, and tail; None if it is no such thing."""
    if "return" in line or "derivative" in line:
        return None
    for pattern in PARTS:
        match = pattern.match(line)
        if match and balanced(match.group(2)):
            return match.groups()
    match = SIMPLE.search(line)
    return (line[: match.start(2)], match.group(2), line[match.end(2) :]) if match else None


def mutate(path, text, tables, numbers):
    """The file with all its mutants, and the list of them."""
    body, lines, mutants, skipped = text.split("#[cfg(test)]")[0], [], [], []
    inside = False
    for number, line in enumerate(body.splitlines()):
        code = line.split("//")[0].rstrip()
        inside = inside or re.search(r"\bfn \w", code) is not None
        rule = RULE.match(code.strip())
        skip = re.search(r"\b(fn|where|impl|use|assert\w*!|const|static|type)\b", code)
        if rule and balanced(rule.group(2)):
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(indent + rule_mutants(path, number + 1, code, rule.groups(), numbers, mutants))
            continue
        if tables or not inside or skip or re.match(r"\s*[A-Z]\w*: [A-Z]|\s*$", code):
            lines.append(line)
            continue
        parts = split(code.strip())
        found = list(operators(parts[1] if parts else code.strip()))
        if parts and parts[1].endswith(";") and DROPPED.match(parts[1]):
            found.append(";")
        if parts is None:
            for variant in found:
                skipped.append(f"{path}:{number + 1}: {code.strip()}  =>  {variant}")
        if parts is None or not found:
            lines.append(line)
            continue
        head, whole, tail = parts
        text_of = line[: len(line) - len(line.lstrip())] + head
        chosen = ""
        for variant in found:
            mutant = next(numbers)
            chosen += f"if crate::mutated({mutant}) {{ {variant} }} else "
            shown = "(dropped)" if variant == ";" else head + variant + tail
            mutants.append((mutant, f"{path}:{number + 1}: {code.strip()}  =>  {shown}"))
        chosen += f"{{ {whole} }}"
        # As an operand, or where a block begins behind it, the choice is an expression in parentheses.
        simple = whole.endswith(";") or tail in (";", ",", "") and not head.startswith(".")
        lines.append(text_of + (chosen if simple else f"({chosen})") + tail)
    rest = text[len(body) :]
    return "\n".join(lines) + "\n" + rest, mutants, skipped


def build(crate, directory):
    """The test programs, and the lines that the compiler refuses."""
    command = ["cargo", "test", "--no-run", "--message-format=json", *crate["tests"]]
    # A place of their own: in that of the workspace what is built has the same names.
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "mutants")
    # Built once and run a thousand times.
    environment = dict(os.environ, CARGO_TARGET_DIR=str(target), CARGO_PROFILE_DEV_OPT_LEVEL="2")
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=environment)
    programs, refused = [], []
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            programs.append(message["executable"])
        if message.get("reason") == "compiler-message" and message["message"]["level"] == "error":
            spans = [span for span in message["message"]["spans"] if span["is_primary"]]
            refused += [(span["file_name"], span["line_start"]) for span in spans]
    if done.returncode != 0 and not refused:
        sys.exit(done.stderr)
    return programs, refused


def passes(program, arguments, number, seconds=600):
    environment = dict(os.environ, MUTANT=str(number), RUST_BACKTRACE="0")
    try:
        done = subprocess.run([program, "-q", *arguments], env=environment, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def missing():
    """Files of gradients that are not on the list."""
    source = "crates/costate-neural-ode/src/"
    listed = {crate["src"] + name for crate in CRATES for name in crate["files"]}
    found = (str(path.relative_to(ROOT)) for folder in WHOLE for path in (ROOT / source / folder).rglob("*.rs"))
    return sorted(set(found) - listed)


def try_crate(crate, arguments, directory, counts):
    numbers = iter(range(1_000_000))
    sources = {}
    for name in crate["files"]:
        path = crate["src"] + name
        if not arguments.files or any(path.endswith(end) for end in arguments.files):
            sources[path] = pathlib.Path(directory, path).read_text()
    if not sources:
        return
    mutants = []
    for path, text in sources.items():
        changed, found, skipped = mutate(path, text, crate["tables"], numbers)
        mutants += found
        for title in skipped:
            counts["not tried"] += 1
            print(f"not tried  {title}")
        pathlib.Path(directory, path).write_text(changed)
    mutants = [mutant for mutant in mutants if arguments.matching in mutant[1]][:: arguments.every]
    if arguments.list:
        print("\n".join(title for _, title in mutants))
        return
    root = pathlib.Path(directory, crate["src"], "lib.rs")
    root.write_text(root.read_text() + SELECTOR)
    while True:
        programs, refused = build(crate, directory)
        if not refused:
            break
        # Mutants that are no program: their lines go back to what they were.
        moved = False
        for path, line in set(refused):
            if path not in sources:
                sys.exit(f"{path}:{line} does not compile")
            lines = pathlib.Path(directory, path).read_text().splitlines()
            unchanged = sources[path].splitlines()[line - 1]
            moved = moved or lines[line - 1] != unchanged
            lines[line - 1] = unchanged
            pathlib.Path(directory, path).write_text("\n".join(lines) + "\n")
            gone = [title for _, title in mutants if title.startswith(f"{path}:{line}:")]
            for title in gone:
                counts["not tried"] += 1
                print(f"not tried  {title}")
            mutants = [mutant for mutant in mutants if mutant[1] not in gone]
        # The compiler may point elsewhere than at the line that is to blame: then first those go back that drop a push, from which it may have learnt a
        # type, then all that drop something, and then the whole file.
        for path in {path for path, _ in refused} if not moved else ():
            all_of_it = [title for _, title in mutants if title.startswith(f"{path}:")]
            dropped = [title for title in all_of_it if title.endswith("(dropped)")]
            blamed = [title for title in dropped if ".push(" in title] or dropped or all_of_it
            at_fault = {title.split(":")[1] for title in blamed}
            gone = [title for title in all_of_it if title.split(":")[1] in at_fault]
            if not gone:
                sys.exit(f"does not compile without its mutants either: {refused}")
            lines = pathlib.Path(directory, path).read_text().splitlines()
            for at in {int(title.split(":")[1]) - 1 for title in gone}:
                lines[at] = sources[path].splitlines()[at]
            pathlib.Path(directory, path).write_text("\n".join(lines) + "\n")
            counts["not tried"] += len(gone)
            print("\n".join(f"not tried  {title}" for title in gone))
            mutants = [mutant for mutant in mutants if mutant[1] not in gone]
    begin = time.monotonic()
    if not all(passes(program, [], 1_000_000) for program in programs):
        sys.exit("the tests fail without any mutant")
    # Whatever takes this long goes on for ever.
    limit = 10.0 + 10.0 * (time.monotonic() - begin)
    for number, title in mutants:
        lived = all(passes(program, crate["first"], number, limit) for program in programs)
        lived = lived and all(passes(program, [], number, limit) for program in programs)
        verdict = "SURVIVED" if lived else "noticed"
        if lived and re.sub(r":\d+:", ":", title, count=1) in EQUIVALENT:
            verdict = "equivalent"
        counts[verdict] += 1
        print(f"{verdict:10} {title}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="ends of file names; all files if there are none")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th of them: a sample")
    parser.add_argument("--matching", default="", help="only mutants whose line, as it is printed, has this in it")
    arguments = parser.parse_args()
    if missing():
        sys.exit("not on the list: " + ", ".join(missing()))
    counts = {"noticed": 0, "equivalent": 0, "not tried": 0, "SURVIVED": 0}
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", scratch], input=archive.stdout, check=True)
        for crate in CRATES:
            try_crate(crate, arguments, scratch, counts)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    sys.exit(counts["SURVIVED"] > 0)


if __name__ == "__main__":
    main()
