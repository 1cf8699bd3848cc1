"""Buttons that do something which may fail: errors are told in words, the panel stays alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any


def connect_tried(buttons: Iterable[tuple[Any, str, Callable[[], None]]]) -> None:
    """Connect each button to its action; the message is what the error display begins with."""
    for button, message, action in buttons:
        button.connect("clicked(bool)", _tried(message, action))


def _tried(message: str, action: Callable[[], None]) -> Callable[[], None]:
    def do() -> None:
        import slicer

        from MedImageLib.background.job import JobCancelledError

        # Whoever pressed Cancel knows.
        with slicer.util.tryWithErrorDisplay(message), suppress(JobCancelledError):
            action()

    return do
