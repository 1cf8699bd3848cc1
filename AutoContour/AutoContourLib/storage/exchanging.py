"""The traffic with another server, in a thread of its own, so that a slow line holds up nobody."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from AutoContourLib.storage.delivery import Delivery
from AutoContourLib.storage.mirroring import Mirror
from MedImageLib.errors import MedImageError


class Exchange:
    """Fetches by the mirror and delivers results, again and again; use as a context manager."""

    def __init__(
        self,
        mirror: Mirror | None,
        delivery: Delivery | None,
        poll_s: float,
        say: Callable[[str], None],
    ) -> None:
        self._steps = {
            "fetching": mirror.turn if mirror else None,
            "delivering": delivery.turn if delivery else None,
        }
        self._poll_s = poll_s
        self._say = say
        self._over = threading.Event()
        self._troubles: dict[str, str] = {}
        self._turns = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Exchange:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def turns(self) -> int:
        """How often all was looked at without trouble."""
        return self._turns

    def _run(self) -> None:
        while not self._over.is_set():
            went_well = [self._step(name) for name in self._steps]
            self._turns += all(went_well)
            self._over.wait(self._poll_s)

    def _step(self, name: str) -> bool:
        step = self._steps[name]
        text = ""
        if step is not None:
            try:
                step()
            except (OSError, sqlite3.Error, MedImageError) as error:
                text = " ".join(str(error).split())
        if text and text != self._troubles.get(name):
            self._say(f"Waiting with {name}: {text}")
        self._troubles[name] = text
        return not text
