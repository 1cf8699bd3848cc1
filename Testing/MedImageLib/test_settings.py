"""Settings: one declaration gives ranges, files, options and a digest."""

from __future__ import annotations

import argparse
import doctest
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

import MedImageLib.settings as settings_module
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.settings import (
    add_settings,
    check_settings,
    load_settings,
    setting,
    settings_from,
    settings_from_dict,
    settings_sha256,
    settings_to_dict,
)


@dataclass(frozen=True)
class Inner:
    width_mm: float = setting(1.5, help="Width.", unit="mm", minimum=0, maximum=10)
    mode: Literal["fast", "exact"] = "fast"

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Outer:
    epochs: int = setting(100, help="Passes, 100% of the data.", minimum=1)
    rate: float = setting(1e-3, help="Learning rate.", minimum=0, maximum=1)
    device: str = setting("auto", help="Where.", choices=("auto", "cpu"))
    augment: bool = setting(True, help="Vary the images.")
    limit_s: float | None = setting(None, help="Time limit.", unit="s", minimum=0)
    shape: tuple[int, int, int] = setting((96, 96, 96), help="Shape (k, j, i).", minimum=1)
    labels: tuple[str, ...] = setting(("lung",), help="Label names.")
    folder: Path = setting(Path("x"), help="Folder.")
    inner: Inner = field(default_factory=Inner)
    weights: dict[str, float] = setting(default_factory=dict, help="Weight of each label.")

    def __post_init__(self) -> None:
        check_settings(self)


def parsed(*words: str, base: Outer | None = None) -> Outer:
    parser = argparse.ArgumentParser()
    add_settings(parser, Outer)
    return settings_from(parser.parse_args(words), Outer, base)


def test_no_options_give_the_defaults() -> None:
    assert parsed() == Outer()


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["--epochs", "7"], {"epochs": 7}),
        (["--rate", "1"], {"rate": 1.0}),
        (["--no-augment"], {"augment": False}),
        (["--limit-s", "2.5"], {"limit_s": 2.5}),
        (["--limit-s", "none"], {"limit_s": None}),
        (["--shape", "1", "2", "3"], {"shape": (1, 2, 3)}),
        (["--labels", "a", "b"], {"labels": ("a", "b")}),
        (["--folder", "/y"], {"folder": Path("/y")}),
        (["--inner-width-mm", "3"], {"inner": Inner(width_mm=3)}),
        (["--inner-mode", "exact"], {"inner": Inner(mode="exact")}),
    ],
)
def test_options_change_their_field(words: list[str], changes: dict) -> None:
    assert parsed(*words) == Outer(**changes)


def test_options_override_the_file_and_keep_the_rest() -> None:
    base = Outer(epochs=5, augment=False, inner=Inner(width_mm=2, mode="exact"))
    got = parsed("--rate", "0.5", "--inner-width-mm", "4", base=base)
    assert got == Outer(epochs=5, augment=False, rate=0.5, inner=Inner(width_mm=4, mode="exact"))


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "0"],
        ["--epochs", "1.5"],
        ["--rate", "nan"],
        ["--rate", "inf"],
        ["--rate", "2"],
        ["--device", "cuda"],
        ["--shape", "1", "2"],
        ["--inner-mode", "slow"],
        ["--inner-width-mm", "11"],
    ],
)
def test_options_out_of_range_are_usage_errors(words: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        parsed(*words)
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_help_shows_default_unit_and_range() -> None:
    parser = argparse.ArgumentParser()
    add_settings(parser, Outer)
    text = " ".join(parser.format_help().split())
    assert "100% of the data. (default 100, at least 1)" in text
    assert "Width. (default 1.5, mm, from 0 to 10)" in text
    assert "auto|cpu" in text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"epoch": 3}, "Did you mean 'epochs'?"),
        ({"inner": {"with_mm": 3}}, "'inner.with_mm'. Did you mean 'width_mm'?"),
        ({"zzz": 3}, "Known: epochs"),
        ({"epochs": 0}, "Outer.epochs is 0; it must be at least 1"),
        ({"epochs": "3"}, "must be of type int"),
        ({"epochs": True}, "must be of type int"),
        ({"augment": 1}, "must be of type bool"),
        ({"rate": float("nan")}, "finite"),
        ({"shape": [1, 2]}, "must have 3"),
        ({"shape": [1, 2, 0]}, "at least 1"),
        ({"inner": 3}, "must hold names and values"),
        ({"inner": {"mode": "slow"}}, "'fast', 'exact'"),
        ({"weights": {"a": "b"}}, "weights[a]"),
    ],
)
def test_wrong_values_are_named(values: dict, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings_from_dict(values, Outer, "plan.json")
    assert str(error.value).startswith("plan.json: ")
    assert told in str(error.value)


def test_files_and_round_trip(tmp_path: Path) -> None:
    settings = Outer(epochs=3, weights={"a": 2.0}, inner=Inner(mode="exact"), limit_s=4)
    (tmp_path / "s.json").write_text(json.dumps(settings_to_dict(settings)))
    assert load_settings(tmp_path / "s.json", Outer) == settings
    (tmp_path / "s.toml").write_text('epochs = 3\nlimit_s = 4\n[inner]\nmode = "exact"\n')
    assert load_settings(tmp_path / "s.toml", Outer) == Outer(
        epochs=3, limit_s=4, inner=Inner(mode="exact")
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", "{"), ("a.json", "[1]"), ("a.toml", "a ="), ("a.yaml", "a: 1"), ("b.json", None)],
)
def test_broken_files_are_refused(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=name):
        load_settings(tmp_path / name, Outer)


def test_a_list_of_parts_becomes_a_tuple_of_settings() -> None:
    @dataclass(frozen=True)
    class Several:
        parts: tuple[Inner, ...] = ()

    got = settings_from_dict({"parts": [{"width_mm": 2}, {"mode": "exact"}]}, Several)
    assert got.parts == (Inner(width_mm=2), Inner(mode="exact"))
    with pytest.raises(SettingsError, match="Did you mean 'mode'"):
        settings_from_dict({"parts": [{"mod": "exact"}]}, Several)


def test_digest_follows_the_values() -> None:
    assert settings_sha256(Outer()) == settings_sha256(Outer(epochs=100))
    assert settings_sha256(Outer()) != settings_sha256(Outer(inner=Inner(width_mm=2)))
    assert settings_sha256(None) == settings_sha256(None)


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(settings_module).failed == 0


def test_required_fields_are_asked_for() -> None:
    @dataclass(frozen=True)
    class Needs:
        task: str = setting(help="Which.")

    with pytest.raises(SettingsError, match="needs task"):
        settings_from_dict({}, Needs)
