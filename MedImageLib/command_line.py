"""What a package offers on the command line, as data.

Each package has a `commands.py` with a tuple `COMMANDS` of `Command`. That file imports nothing
heavy: `medimage --help` reads names and summaries only, and what a command needs is imported
inside its `add_arguments` and `run`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One word after `medimage`.

    name: lower case, words joined by hyphens. summary: one line for `medimage --help`.
    add_arguments: adds to the parser of the command; called only when the command is chosen.
    run: does it and returns the exit code: 0 all well, 1 failed, 2 wrong usage. A MedImageError
        that it raises is shown as one line (exit code 1, or 2 for a SettingsError).
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
