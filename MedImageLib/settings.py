"""Settings as frozen dataclasses: one source for defaults, ranges, units, files and options.

A settings class declares its fields with `setting(...)` and calls `check_settings(self)` in
`__post_init__`. Files (JSON, TOML) and command-line options are read into such classes here;
nothing heavy is imported, so that options can be made while `--help` is answered.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import hashlib
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from MedImageLib.errors import InputError, SettingsError

S = TypeVar("S")


def setting(
    default: Any = dataclasses.MISSING,
    *,
    help: str,  # noqa: A002 (the word of argparse)
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] = (),
    default_factory: Any = dataclasses.MISSING,
) -> Any:
    """A field of a settings dataclass.

    help: one sentence. unit: UCUM or a word. minimum, maximum: inclusive bounds of the number,
    or of each number of a tuple. choices: the only values allowed.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Smoothing:
    ...     width_mm: float = setting(1.5, help="Width of the filter.", unit="mm", minimum=0)
    ...     def __post_init__(self):
    ...         check_settings(self)
    >>> Smoothing(width_mm=-1)
    Traceback (most recent call last):
    MedImageLib.errors.SettingsError: Smoothing.width_mm is -1; it must be at least 0 mm.
    """
    metadata = {
        "help": help,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": tuple(choices),
    }
    if default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def check_settings(settings: Any) -> None:
    """Check every field against its type, range and choices; lists become tuples.

    Raises SettingsError that names the class, the field, the value and what is allowed.
    """
    hints = typing.get_type_hints(type(settings))
    for field in dataclasses.fields(settings):
        name = f"{type(settings).__name__}.{field.name}"
        value = _converted(getattr(settings, field.name), hints[field.name], name)
        _check_bounds(value, field.metadata, name)
        object.__setattr__(settings, field.name, value)


def settings_from_dict(values: Mapping[str, Any], settings_class: type[S], source: str = "") -> S:
    """Settings of nested plain values; fields not named keep their defaults.

    source: file or node for error messages. Raises SettingsError for unknown names (with the
    nearest known one), absent required ones and values that the class refuses.
    """
    return _built(values, settings_class, source or "Settings", "")


def load_settings(path: Path | str, settings_class: type[S]) -> S:
    """Settings of a .json or .toml file. Raises InputError, SettingsError (see above)."""
    return settings_from_dict(read_settings_file(path), settings_class, Path(path).name)


def read_settings_file(path: Path | str) -> dict[str, Any]:
    """The mapping in a .json or .toml file. Raises InputError when it is absent or broken."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: the settings file cannot be read ({error}).") from error
    try:
        if path.suffix.lower() == ".toml":
            import tomllib

            values: Any = tomllib.loads(text)
        elif path.suffix.lower() == ".json":
            values = json.loads(text)
        else:
            raise InputError(f"{path.name}: a settings file ends in .json or .toml.")
    except ValueError as error:  # JSONDecodeError and TOMLDecodeError
        raise InputError(
            f"{path.name}: not valid {path.suffix[1:].upper()} ({error}); mend it at that place."
        ) from error
    if not isinstance(values, dict):
        raise InputError(f"{path.name}: expected names and values, found {type(values).__name__}.")
    return values


def settings_to_dict(settings: Any) -> dict[str, Any]:
    """Plain values for JSON, in the order of the fields; `settings_from_dict` reads them back."""
    return {
        field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)
    }


def settings_sha256(settings: Any) -> str:
    """Digest that changes when any value changes and does not depend on the order of fields."""
    values = None if settings is None else _plain(settings)
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def add_settings(parser: Any, settings_class: type, prefix: str = "") -> None:
    """One option per field; an option that is not given leaves no trace in the namespace.

    prefix: put before every name, where two classes share a parser. Nested settings become
    `--outer-inner`. Values out of range end in argparse's usage error (exit code 2).
    """
    hints = typing.get_type_hints(settings_class)
    for field in dataclasses.fields(settings_class):
        hint = _without_none(hints[field.name])
        dest = f"{prefix}_{field.name}" if prefix else field.name
        if dataclasses.is_dataclass(hint):
            add_settings(parser, typing.cast(type, hint), dest)
        elif typing.get_origin(hint) is not dict:  # mappings: settings file only
            _add_option(parser, field, hints[field.name], dest)


def settings_from(
    namespace: argparse.Namespace, settings_class: type[S], base: S | None = None, prefix: str = ""
) -> S:
    """Settings of the options given; others keep the value of `base` (a file's) or the default."""
    hints = typing.get_type_hints(settings_class)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(typing.cast(Any, settings_class)):
        hint = _without_none(hints[field.name])
        dest = f"{prefix}_{field.name}" if prefix else field.name
        inherited = None if base is None else getattr(base, field.name)
        if dataclasses.is_dataclass(hint):
            given = [key for key in vars(namespace) if key.startswith(f"{dest}_")]
            if given or inherited is not None:
                values[field.name] = settings_from(
                    namespace, typing.cast(Any, hint), inherited, dest
                )
        elif hasattr(namespace, dest):
            values[field.name] = getattr(namespace, dest)
        elif base is not None:
            values[field.name] = inherited
    return _made(settings_class, values, "Command line")


def _built(values: Any, settings_class: type[S], source: str, path: str) -> S:
    if not isinstance(values, Mapping):
        raise SettingsError(
            f"{source}: {path or settings_class.__name__} must hold names and values, "
            f"found {values!r}."
        )
    hints = typing.get_type_hints(settings_class)
    known = [field.name for field in dataclasses.fields(typing.cast(Any, settings_class))]
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known)}."
            raise SettingsError(f"{source}: unknown setting '{path}{name}'. {hint}")
        nested = _without_none(hints[name])
        if dataclasses.is_dataclass(nested) and value is not None:
            value = _built(value, typing.cast(Any, nested), source, f"{path}{name}.")
        made[name] = value
    return _made(settings_class, made, source)


def _made(settings_class: type[S], values: dict[str, Any], source: str) -> S:
    required = [
        field.name
        for field in dataclasses.fields(typing.cast(Any, settings_class))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    absent = [name for name in required if name not in values]
    if absent:
        raise SettingsError(f"{source}: {settings_class.__name__} needs {', '.join(absent)}.")
    try:
        settings = settings_class(**values)
        check_settings(settings)
    except SettingsError as error:
        text = str(error)
        raise SettingsError(text if text.startswith(source) else f"{source}: {text}") from error
    return settings


def _add_option(parser: Any, field: dataclasses.Field, hint: Any, dest: str) -> None:
    meta = field.metadata
    required = field.default is dataclasses.MISSING and (
        field.default_factory is dataclasses.MISSING
    )
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    facts = [] if required else [f"default {_shown(default)}"]
    facts += [meta["unit"]] if meta.get("unit") else []
    facts += [_bounds_text(meta)] if _bounds_text(meta) else []
    text = f"{meta.get('help', '')} ({', '.join(facts)})" if facts else meta.get("help", "")
    options: dict[str, Any] = {
        "dest": dest,
        "default": argparse.SUPPRESS,
        "required": required,
        "help": text.replace("%", "%%"),
    }
    flag = "--" + dest.replace("_", "-")
    inner = _without_none(hint)
    if inner is bool:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, **options)
        return
    if typing.get_origin(inner) in (tuple, list):
        items = typing.get_args(inner)
        several = Ellipsis in items or typing.get_origin(inner) is list
        options["nargs"] = "+" if several else len(items)
        hint = inner = items[0]
    kinds = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
    metavar = str(meta.get("unit") or kinds.get(inner, "VALUE"))
    parser.add_argument(
        flag,
        type=_option_reader(hint, meta),
        metavar="|".join(map(str, meta["choices"])) if meta.get("choices") else metavar,
        **options,
    )


def _option_reader(hint: Any, meta: Mapping[str, Any]) -> Callable[[str], Any]:
    inner = _without_none(hint)

    def read(text: str) -> Any:
        if inner is not hint and text.lower() == "none":
            return None
        value: Any = text
        try:
            if inner in (int, float):
                value = inner(text)
            value = _converted(value, hint, "The value")
            _check_bounds(value, meta, "The value")
        except (ValueError, SettingsError) as error:
            told = str(error) if isinstance(error, SettingsError) else f"{text!r} is no number"
            raise argparse.ArgumentTypeError(told) from error
        return value

    return read


def _converted(value: Any, hint: Any, name: str) -> Any:
    """The value in the type of its field: int → float, list → tuple, str → Path; else refused."""
    if value is None and hint is not _without_none(hint):
        return None
    hint = _without_none(hint)
    origin, items = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or (
        dataclasses.is_dataclass(hint) and isinstance(value, typing.cast(Any, hint))
    ):
        return value
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _built(value, typing.cast(Any, hint), name, "")
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise SettingsError(f"{name} is {value}; it must be a finite number.")
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint in (bool, str) and isinstance(value, typing.cast(type, hint)):
        return value
    if hint is Path and isinstance(value, (str, Path)):
        return Path(value)
    if origin is typing.Literal:
        if value not in items:
            raise SettingsError(f"{name} is {value!r}; it must be one of {_listed(items)}.")
        return value
    if origin in (tuple, list) and isinstance(value, (tuple, list)):
        several = Ellipsis in items or origin is list
        if not several and len(value) != len(items):
            raise SettingsError(f"{name} has {len(value)} values; it must have {len(items)}.")
        hints = [items[0]] * len(value) if several else items
        made = tuple(_converted(v, h, name) for v, h in zip(value, hints, strict=True))
        return made if origin is tuple else list(made)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {str(k): _converted(v, items[1], f"{name}[{k}]") for k, v in value.items()}
    if isinstance(hint, type) and isinstance(value, hint) and not isinstance(value, bool):
        return value
    wanted = getattr(hint, "__name__", str(hint))
    raise SettingsError(f"{name} is {value!r}; it must be of type {wanted}.")


def _check_bounds(value: Any, meta: Mapping[str, Any], name: str) -> None:
    for one in value if isinstance(value, (tuple, list)) else (value,):
        if one is None:
            continue
        if meta.get("choices") and one not in meta["choices"]:
            raise SettingsError(f"{name} is {one!r}; it must be one of {_listed(meta['choices'])}.")
        low, high = meta.get("minimum"), meta.get("maximum")
        if isinstance(one, (int, float)) and (
            (low is not None and one < low) or (high is not None and one > high)
        ):
            unit = f" {meta['unit']}" if meta.get("unit") else ""
            raise SettingsError(f"{name} is {one:g}; it must be {_bounds_text(meta)}{unit}.")


def _bounds_text(meta: Mapping[str, Any]) -> str:
    low, high = meta.get("minimum"), meta.get("maximum")
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return f"at most {high:g}" if high is not None else ""


def _without_none(hint: Any) -> Any:
    """X of `X | None`, else the hint itself."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        items = [item for item in typing.get_args(hint) if item is not type(None)]
        return items[0] if len(items) == 1 else hint
    return hint


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return settings_to_dict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "empty"
    words = {None: "none", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, values))
