"""Commands of AutoContour: none yet; studies are processed by `medimage batch`."""

from __future__ import annotations

from MedImageLib.command_line import Command

COMMANDS: tuple[Command, ...] = ()
