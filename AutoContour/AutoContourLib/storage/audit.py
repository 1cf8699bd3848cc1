"""Who used the server, and when: a line of JSON for each access, one file a day.

Titles, addresses and digests of UIDs are written, never names, identifiers or words of a patient,
and no secret.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

_ODD = re.compile(r"[^A-Za-z0-9 ._:/@=+\-]")
_LONGEST = 120

logger = logging.getLogger(__name__)


class Audit:
    """Appends to files in a folder; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def note(self, what: str, **facts: str | float) -> None:
        """One line. A disk that is full must not stop the access: that is said in the log."""
        now = datetime.now(UTC)
        told = {key: _tame(value) for key, value in facts.items()}
        line = {"time_utc": now.isoformat(timespec="milliseconds"), "what": what, **told}
        path = self._folder / f"{now:%Y-%m-%d}.jsonl"
        try:
            with self._lock, path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            logger.warning("An access could not be noted: %s", error.strerror)


def _tame(value: str | float) -> str | float:
    """What strangers sent neither breaks a line nor fills the disk."""
    return _ODD.sub("?", value)[:_LONGEST] if isinstance(value, str) else value
