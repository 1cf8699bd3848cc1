"""Buttons that do something which may fail: errors are told in words, the panel stays alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from MedImageLib.errors import MedImageError
from MedImageLib.panels.words import told


def connect_tried(buttons: Iterable[tuple[Any, str, Callable[[], None]]]) -> None:
    """Connect each button to its action; the message is what the error display begins with."""
    for button, message, action in buttons:
        button.connect("clicked(bool)", _tried(message, action))


@contextmanager
def in_words() -> Iterator[None]:
    """Errors of the packages leave it in the language of the application."""
    try:
        yield
    except MedImageError as error:
        words = told(str(error))
        if words == str(error):
            raise
        raise type(error)(words) from error


def _tried(message: str, action: Callable[[], None]) -> Callable[[], None]:
    def do() -> None:
        import slicer

        from MedImageLib.background.job import JobCancelledError

        # Whoever pressed Cancel knows.
        with slicer.util.tryWithErrorDisplay(message), suppress(JobCancelledError), in_words():
            action()

    return do
