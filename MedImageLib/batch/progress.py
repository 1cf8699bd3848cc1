"""How far a batch is and how long it will still take, on one line or line by line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Progress:
    """Counts tasks; writes to a terminal in place, to anything else one plain line per task."""

    def __init__(
        self,
        total: int,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._begin = clock()
        self._finished = 0
        self._failed = 0
        self._in_place = self._stream.isatty()

    def finished(self, name: str, error: str = "") -> None:
        """One task has ended; name: of the case and processor."""
        self._finished += 1
        self._failed += bool(error)
        line = f"{self._finished}/{self._total}"
        if self._failed:
            line += f", {self._failed} failed"
        left = self._total - self._finished
        if left:
            seconds = (self._clock() - self._begin) / self._finished * left
            line += f", about {duration(seconds)} left"
        if self._in_place:
            if error:
                self._stream.write(f"\r\x1b[K{name}: {error}\n")
            self._stream.write(f"\r\x1b[K{line}" + ("" if left else "\n"))
        else:
            self._stream.write(f"{line}: {name}: {error or 'done'}\n")
        self._stream.flush()

    def left_out(self, count: int) -> None:
        """So many of the tasks that were counted need not be done."""
        self._total -= count

    def say(self, text: str) -> None:
        self._stream.write(("\r\x1b[K" if self._in_place else "") + text + "\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """
    >>> duration(4.2), duration(75), duration(3720)
    ('4 s', '1 min 15 s', '1 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
