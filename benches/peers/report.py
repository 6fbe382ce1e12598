"""The table, as Markdown and for the terminal."""


def time(seconds):
    for unit, scale in [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)]:
        if seconds >= scale:
            return f"{three(seconds / scale)} {unit}"
    return f"{three(seconds * 1e9)} ns"


def three(value):
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def steps(counts):
    """Steps of a whole sample."""
    if "accepted" not in counts:
        return ", ".join(f"{count} {name}" for name, count in counts.items())
    forward = f"{counts['accepted']} + {counts['rejected']}"
    back = [counts[k] for k in ("backward accepted", "backward rejected") if k in counts]
    return forward + (f", back {' + '.join(map(str, back))}" if back else "")


def best(results, workload):
    """The fastest way to the work of `workload` in each tool, whatever the gradient method, or None where there is one method alone."""
    mine = [result for result in results if result["case"].startswith(workload + "-")]
    if len({result["case"].split("-")[1] for result in mine}) < 2:
        return None
    tools = {}
    for result in mine:
        method = result["case"].split("-")[1]
        # What counts is a plain build.
        for entry in (entry for entry in result["entries"] if entry["name"] != "costate (this processor)"):
            tool = entry["name"].split(" ")[0]
            tools.setdefault(tool, []).append((entry["fastest"], method, entry["name"]))
    return {tool: min(ways) for tool, ways in tools.items()}


def row(entry):
    low, high = entry["ratio_spread"]
    own = entry["name"] == "costate"
    ratio = "" if own else f"{three(entry['ratio'])} ({three(low)}–{three(high)})"
    fastest = "" if own else three(entry["ratio_of_fastest"])
    return [entry["name"], time(entry["median"]), time(entry["fastest"]), ratio, fastest, steps(entry["counts"]), entry["remark"]]


def lines(result):
    """One case for the terminal."""
    return "\n".join("    " + " | ".join(row(entry)) for entry in result["entries"])


def markdown(everything, definitions, picture):
    machine, versions = everything["machine"], everything["versions"]
    out = [
        "# costate beside other tools",
        "",
        f"{machine['date']}; {machine['processor']}; {machine['system']}; one core; load {machine['load']:.1f} when it began. costate {machine['costate']} ({machine['rustc']}); "
        + ", ".join(f"{k} {v}" for k, v in sorted(versions.items()))
        + ".",
        "",
        f"Processor time for one unit of work. {everything['rounds']} turns of {everything['seconds']} s for each tool, one after the other; median of the "
        "turns' medians, and the fastest sample of all. *Times* is the peer's time over costate's in the same round: its median and its range over the rounds; "
        "then the ratio of the fastest samples, which says more where the machine was busy. *Steps* are accepted + rejected, of all iterations where there are "
        "several. All sides start from the same numbers with the same tableau, tolerances, norm, controller, first step and save times, and their losses and gradients were compared before anything was timed. *This processor* is costate built for the processor at hand (`-C target-cpu=native`); all else is a plain build. candle's steps are written by hand, its derivatives are its own. Repeat with `benches/peers/run`.",
        "",
        f"![How many times costate's time the others take]({picture})",
    ]
    title = None
    for result in everything["cases"]:
        workload, method, kind = result["case"].split("-")
        if workload != title:
            title = workload
            out += ["", f"## {workload.upper()} · {definitions[workload]['title']}"]
        rows = [row(entry) for entry in result["entries"]]
        out += [
            "",
            f"**{method}, {kind}**, per {definitions[workload]['unit']}",
            "",
            "| tool | median | fastest | times | of the fastest | steps | |",
            "|---|---|---|---|---|---|---|",
            *("| " + " | ".join(cells) + " |" for cells in rows),
        ]
    fastest = best(everything["cases"], "w3")
    if fastest:
        own = fastest["costate"][0]
        out += ["", "**W3, each tool by its fastest method**", "", "| tool | method | fastest | times |", "|---|---|---|---|"]
        for tool, (seconds, method, name) in sorted(fastest.items(), key=lambda item: item[1]):
            out.append(f"| {name} | {method} | {time(seconds)} | {'' if tool == 'costate' else three(seconds / own)} |")
    return "\n".join(out) + "\n"
