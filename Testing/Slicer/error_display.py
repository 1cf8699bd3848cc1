"""In place of the dialogs in which the application shows errors."""

from __future__ import annotations

from contextlib import contextmanager


class ErrorDisplay:
    """In place of the dialog of `slicer.util.tryWithErrorDisplay`: what it would have shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, Exception]] = []

    @contextmanager
    def __call__(self, message: str, show: bool = True, waitCursor: bool = False):
        try:
            yield
        except Exception as error:
            self.shown.append((message, error))
