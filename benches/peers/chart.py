"""Bars: how many times costate's time each tool takes, a panel for each case."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

COLUMNS = 3
LEAST = 0.7


def draw(everything, path):
    """Writes the picture of the same numbers as in the table: ratios of the fastest samples, on one logarithmic axis."""
    cases = everything["cases"]
    largest = max(entry["ratio_of_fastest"] for case in cases for entry in case["entries"])
    rows = -(-len(cases) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(13, 2.4 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(cases) :]:
        axis.axis("off")
    for case, axis in zip(cases, axes.flat):
        entries = case["entries"][::-1]
        ratios = [entry["ratio_of_fastest"] for entry in entries]
        own = [entry["name"].startswith("costate") for entry in entries]
        # A logarithmic axis has no zero for bars to begin at.
        lengths = [ratio - LEAST for ratio in ratios]
        bars = axis.barh([entry["name"] for entry in entries], lengths, left=LEAST, color=["#c0392b" if o else "#7f8c8d" for o in own])
        axis.bar_label(bars, [f"{ratio:.3g}" for ratio in ratios], padding=3, fontsize=8)
        axis.set(xscale="log", xlim=(LEAST, 4 * largest), title=case["case"])
        axis.tick_params(axis="y", labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("times costate's time")
    plt.rcParams["svg.hashsalt"] = "peers"
    figure.savefig(path, metadata={"Date": None, "Title": "How many times costate's time the others take"})
    plt.close(figure)
