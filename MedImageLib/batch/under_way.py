"""How far the tasks of a batch are that are in work right now, for whoever looks at its folder.

A task leaves its progress in a small file beside its unfinished folder; the file goes with the
task, and with the leftovers of a task that was killed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from MedImageLib.background.progress import listening
from MedImageLib.writing.atomic import finished_file

WORK = ".work"
_MARK = ".progress"


@dataclass(frozen=True)
class UnderWay:
    """A task in work. key: of its study, or of its case. share: 0 … 1. what: comes next.

    started: epoch s.
    """

    key: str
    share: float
    what: str
    started: float

    def seconds_left(self, now: float) -> float | None:
        """Estimated by what is done; None while nothing is. now: epoch s."""
        if self.share <= 0:
            return None
        return max(0.0, now - self.started) / self.share * (1 - self.share)


@contextmanager
def telling(work: Path, key: str, clock: Callable[[], float] = time.time) -> Iterator[None]:
    """Within, what is told of the progress can be read by `under_way`. work: folder of the task."""
    mark, started = work.with_name(work.name + _MARK), clock()

    def show(share: float, what: str) -> None:
        with finished_file(mark) as temporary:
            temporary.write_text(json.dumps(asdict(UnderWay(key, share, what, started))), "utf-8")

    try:
        with listening(show):
            yield
    finally:
        mark.unlink(missing_ok=True)


def under_way(out: Path) -> dict[str, UnderWay]:
    """Tasks in work below the output folder of a batch, by their keys."""
    found = {}
    for path in (out / WORK).glob(f"*/*{_MARK}"):
        try:
            one = UnderWay(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # ended meanwhile
        found[one.key] = one
    return found
