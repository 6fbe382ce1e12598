"""One peer in a process of its own: reads requests from standard input, a line of JSON each, and answers likewise.

{"case": "w1-discrete-f64", "do": "names"}                            which contestants the peer has for the case
{"case": …, "do": "check", "contestant": "diffrax"}                   loss, gradient, counts
{"case": …, "do": "time", "contestant": "diffrax", "seconds": 0.3}    seconds of processor time per unit of work
"""

import importlib
import json
import os
import sys
import time

import workloads

# A sample is at least this many seconds long, so that the clock is not what is measured.
SAMPLE = 0.002


def measure(contestant, length):
    """Seconds of processor time per unit of work, sample by sample. What is asked here has run in `check` before."""
    clock = time.process_time
    start = clock()
    contestant.sample()
    one = clock() - start
    if one > length:
        return [one / contestant.units]
    row = max(1, round(SAMPLE / max(one, 1e-9)))
    samples = []
    while not samples or clock() - start < length:
        begin = clock()
        for _ in range(row):
            contestant.sample()
        samples.append((clock() - begin) / (row * contestant.units))
    return samples


def main():
    # Answers go to the pipe that was standard output; whatever else is printed goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer, kind = importlib.import_module(f"peer_{sys.argv[1]}"), sys.argv[2]
    peer.prepare(kind)
    definitions, built = workloads.load(), {}
    for line in sys.stdin:
        request = json.loads(line)
        workload, method, _ = request["case"].split("-")
        if request["case"] not in built:
            build = peer.BUILD.get(workload, lambda *_: {})
            built[request["case"]] = build(definitions[workload], method, kind)
        contestants = built[request["case"]]
        if request["do"] == "names":
            answer = {"names": list(contestants), "versions": peer.VERSIONS}
        else:
            contestant = contestants[request["contestant"]]
            if request["do"] == "check":
                begin = time.perf_counter()
                answer = contestant.check()
                answer["first_seconds"] = time.perf_counter() - begin
                answer["remark"] = contestant.remark
            else:
                answer = {"seconds": measure(contestant, request["seconds"])}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
