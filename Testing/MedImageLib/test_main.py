"""The command: finds packages, tells errors in one line, exits with the right code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from MedImageLib import __main__ as command
from MedImageLib import __version__
from MedImageLib.errors import InputError, MedImageError, SettingsError

PACKAGE = """
from MedImageLib.command_line import Command
from MedImageLib.errors import InputError, SettingsError
def add(parser):
    parser.add_argument("how")
def run(namespace):
    if namespace.how == "input":
        raise InputError("a.dcm:\\n  broken")
    if namespace.how == "settings":
        raise SettingsError("x is 3; at most 2")
    if namespace.how == "stop":
        raise KeyboardInterrupt
    return int(namespace.how)
def never(parser):
    raise RuntimeError("options of another command")
COMMANDS = (Command("try-it", "tries it", add, run), Command("other", "not chosen", never, run))
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "TriedLib"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "commands.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(command, "find_commands", lambda: FIND(("TriedLib", "AbsentLib")))
    monkeypatch.delenv("MEDIMAGE_DEBUG", raising=False)
    yield
    for name in [name for name in sys.modules if name.startswith("TriedLib")]:
        del sys.modules[name]


FIND = command.find_commands


@pytest.mark.parametrize(
    ("how", "code", "told"),
    [
        ("0", 0, ""),
        ("1", 1, ""),
        ("input", 1, "medimage try-it: a.dcm: broken\n"),
        ("settings", 2, "medimage try-it: x is 3; at most 2\n"),
        ("stop", 130, "medimage try-it: interrupted\n"),
    ],
)
def test_exit_code_and_one_line(how: str, code: int, told: str, capsys) -> None:
    assert command.main(["try-it", how]) == code
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("words", [["--debug", "try-it", "input"], ["try-it", "input", "--debug"]])
def test_debug_shows_where(words: list[str], capsys) -> None:
    assert command.main(words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_debug_by_environment(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("MEDIMAGE_DEBUG", "1")
    command.main(["try-it", "input"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["fly"], ["try-it"], ["try-it", "1", "--nonsense"]])
def test_wrong_usage_exits_with_2(words: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(words)
    assert stop.value.code == 2
    assert "usage: medimage" in capsys.readouterr().err


def test_help_lists_commands_and_version_is_told(capsys) -> None:
    for words, told in (["--help"], "tries it"), (["--version"], f"medimage {__version__}"):
        with pytest.raises(SystemExit) as stop:
            command.main(words)
        assert stop.value.code == 0
        assert told in capsys.readouterr().out


def test_two_packages_cannot_claim_one_name() -> None:
    with pytest.raises(MedImageError, match="'try-it' exists already"):
        FIND(("TriedLib", "TriedLib"))


def test_the_products_own_commands_are_found() -> None:
    found = FIND()
    assert {"batch", "samples"} <= set(found)
    for one in found.values():
        one.add_arguments(argparse.ArgumentParser())
        assert one.summary
        assert not one.summary.endswith(".")


def test_errors_are_what_the_command_knows() -> None:
    assert issubclass(InputError, MedImageError)
    assert issubclass(SettingsError, MedImageError)
