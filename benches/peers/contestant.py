"""What a peer has to give for a case."""

from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Contestant:
    """One way to do the work of one case.

    `check` does it once and returns {"loss", "gradient", "counts"} (for ensembles {"values", "counts"}); `sample` does it
    `units` times, ready-made, and is what is timed. `remark` says what a reader of the table must know.
    """

    check: Callable[[], dict]
    sample: Callable[[], object]
    units: int = 1
    remark: str = ""
    extra: dict = field(default_factory=dict)
