"""Commands of the shared ground: batch, and samples for download."""

from __future__ import annotations

from MedImageLib.command_line import Command

COMMANDS: tuple[Command, ...] = ()
