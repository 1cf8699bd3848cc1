"""Progress: counts, time left, one plain line per task where there is no terminal."""

from __future__ import annotations

import doctest
import io

import pytest

from MedImageLib.batch import progress
from MedImageLib.batch.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_time_left_follows_what_is_done(stream: io.StringIO) -> None:
    now = [100.0]
    shown = Progress(4, stream, clock=lambda: now[0])
    now[0] += 30
    shown.finished("a")
    now[0] += 30
    shown.finished("b", "broken")
    text = stream.getvalue()
    assert "1/4, about 1 min 30 s left" in text
    assert "2/4, 1 failed, about 1 min 0 s left" in text
    assert "b: broken" in text
    assert ("\r" in text) == stream.isatty()


def test_plain_lines_tell_the_case() -> None:
    stream = io.StringIO()
    shown = Progress(1, stream)
    shown.say("2 copies")
    shown.finished("CT-image-1 fake")
    assert stream.getvalue() == "2 copies\n1/1: CT-image-1 fake: done\n"


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(progress).attempted == 1
    assert doctest.testmod(progress).failed == 0
