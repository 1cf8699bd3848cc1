"""The command `medimage`: finds each package's `commands.py` by name and runs one command.

Names and summaries are read at start; a command's options and all heavy imports come when it is
chosen. Exit codes: 0 all well, 1 failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence

from MedImageLib import __version__
from MedImageLib.command_line import Command
from MedImageLib.errors import MedImageError, SettingsError
from MedImageLib.threads import wait_asleep

PACKAGES = ("MedImageLib", "MedImageMetricLib", "CardiacLVLib", "AutoContourLib")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `medimage` with these words (default: of the process) and return the exit code.

    Raises SystemExit as argparse does: 0 for --help and --version, 2 for wrong usage.
    """
    wait_asleep()
    words = list(sys.argv[1:] if argv is None else argv)
    commands = find_commands()
    namespace = _parser(commands, words).parse_args(words)
    debug = namespace.debug or bool(os.environ.get("MEDIMAGE_DEBUG"))
    try:
        return commands[namespace.command].run(namespace)
    except MedImageError as error:
        if debug:
            traceback.print_exc()
        print(f"medimage {namespace.command}: {_one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        print(f"medimage {namespace.command}: interrupted", file=sys.stderr)
        return 130


def find_commands(packages: Sequence[str] = PACKAGES) -> dict[str, Command]:
    """Commands by name, in the order of the packages; a package not installed is left out.

    Raises MedImageError when two packages claim one name.
    """
    found: dict[str, Command] = {}
    for package in packages:
        name = f"{package}.commands"
        try:
            absent = importlib.util.find_spec(name) is None
        except ModuleNotFoundError:
            absent = True
        if absent:
            continue
        for command in importlib.import_module(name).COMMANDS:
            if command.name in found:
                raise MedImageError(f"{name}: the command '{command.name}' exists already.")
            found[command.name] = command
    return found


def _parser(commands: dict[str, Command], words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medimage",
        description="Radiograph quality, left-ventricle indices and radiotherapy contouring.",
        epilog="Research use. Not a medical device. More of one command: medimage COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"medimage {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where an error arose")
    chosen = next((word for word in words if not word.startswith("-")), None)
    parsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in commands.items():
        one = parsers.add_parser(name, help=command.summary, description=command.summary)
        one.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
        if name == chosen:
            command.add_arguments(one)
    return parser


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
