"""How far a computation is: algorithms tell, whoever wants to know listens.

Without a listener, telling costs nothing; algorithms need not know who shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[float, str], None]
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def tell(share: float, what: str) -> None:
    """Say that `share` (0 … 1) of the whole is done and `what` comes next."""
    listener = _listener.get()
    if listener is not None:
        listener(min(1.0, max(0.0, share)), what)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within, `listener` hears what is told."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def part(first: float, last: float) -> Iterator[None]:
    """Within, shares of 0 … 1 are told as `first` … `last` of the whole."""
    outer = _listener.get()
    if outer is None:
        yield
        return
    told = outer
    with listening(lambda share, what: told(first + share * (last - first), what)):
        yield


def in_parts(items: Iterable[Item]) -> Iterator[Item]:
    """The items in turn; what is told while one is worked on counts as its part of the whole."""
    items = tuple(items)
    for number, item in enumerate(items):
        with part(number / len(items), (number + 1) / len(items)):
            yield item
