"""The one result of the product: what was measured, on what, by what, and how sure it is.

Frozen dataclasses that are written as `result.json` and read back, both checked against
`Resources/schemas/result-1.0.json` (described in the README beside it). Geometry is LPS
millimeters or continuous pixel indices (i, j, k); units are UCUM; persons are never named.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from MedImageLib import __version__
from MedImageLib.errors import InputError, Remark
from MedImageLib.resources import resource_path
from MedImageLib.writing.atomic import finished_file

if TYPE_CHECKING:
    from MedImageLib.volume import Volume

SCHEMA_VERSION = "1.0"
RESULT_FILE = "result.json"
NOTICE = "Research use. Not a medical device."
_MAX_BYTES = 64 * 2**20

Point = tuple[float, ...]


class ResultError(InputError):
    """A result does not fit the schema."""


@dataclass(frozen=True)
class Shape:
    """Where something was measured: enough to draw it again.

    points_lps_mm: (x, y, z) each, where the image has a known place and size.
    points_ijk: continuous pixel indices (i, j) or (i, j, k), centers of pixels at integers.
        At least one of the two is given. point: 1 point; line: 2; box: 2 opposite corners;
        polyline and polygon: 2 and more in order.
    label: the structure that it was measured on. frame: of a sequence, from 0.
    input_sha256: of the image, where there are several.
    """

    kind: Literal["point", "line", "box", "polyline", "polygon"]
    points_lps_mm: tuple[Point, ...] = ()
    points_ijk: tuple[Point, ...] = ()
    label: str = ""
    frame: int | None = None
    input_sha256: str = ""

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class Measurement:
    """One value with its unit.

    name: stable, for programs (`cavity_area`, `ejection_fraction`). value: None when not
    assessable; `text` then says why. unit: UCUM (`mm`, `mm2`, `mL`, `%`, `1` for ratios).
    uncertainty: one standard deviation in the same unit.
    """

    name: str
    value: float | None
    unit: str
    uncertainty: float | None = None
    text: str = ""
    geometry: tuple[Shape, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class Curve:
    """Values along an index, for example an area (`values` in `unit`) over time (`index_*`).

    values: as many as index_values; None where not assessable.
    """

    name: str
    values: tuple[float | None, ...]
    unit: str
    index_values: tuple[float, ...]
    index_name: str = "time"
    index_unit: str = "ms"

    def __post_init__(self) -> None:
        _freeze(self)
        if len(self.values) != len(self.index_values):
            raise ResultError(
                f"Curve {self.name}: {len(self.values)} values for {len(self.index_values)} "
                "index values; give as many."
            )


@dataclass(frozen=True)
class QualityFlag:
    """One condition on the image or result: satisfied, not, or not assessable.

    code: stable, for programs. text: one sentence. value, threshold: in `unit`, where the
    condition compares two numbers.
    """

    code: str
    state: Literal["satisfied", "not", "not_assessable"]
    text: str
    value: float | None = None
    threshold: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class Software:
    """What made the result."""

    name: str = "MedImage"
    version: str = __version__


@dataclass(frozen=True)
class ModelUsed:
    """A model by name and version of its card and the SHA256 of its weights."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class InputIdentity:
    """An image by the SHA256 of its content; see `input_identity`.

    shape: array order (k, j, i), a leading size for the frames of a sequence.
    spacing_mm: along (i, j, k); None when unknown. role: `fixed`, `moving`, ... or empty.
    """

    sha256: str
    modality: str
    shape: tuple[int, ...]
    spacing_mm: tuple[float, float, float] | None
    role: str = ""

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class OutputFile:
    """A file beside the result: its name relative to the folder, with /, and its SHA256."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        path = PurePosixPath(self.name)
        if path.is_absolute() or ".." in path.parts or "\\" in self.name or ":" in self.name:
            raise ResultError(f"File name {self.name!r}: give it relative to the result, with /.")


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of one step."""

    step: str
    seconds: float

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class Result:
    """All that one task on one case gave.

    module: MedImageMetric, CardiacLV, AutoContour. task: stable name of what was done.
    findings: sentences for a person, without identity. settings: plain values that the task ran
    with. Raises ResultError for values that are not finite; the schema is checked on writing.
    """

    module: str
    task: str
    inputs: tuple[InputIdentity, ...]
    values: tuple[Measurement, ...] = ()
    curves: tuple[Curve, ...] = ()
    flags: tuple[QualityFlag, ...] = ()
    findings: tuple[str, ...] = ()
    warnings: tuple[Remark, ...] = ()
    models: tuple[ModelUsed, ...] = ()
    files: tuple[OutputFile, ...] = ()
    timings: tuple[Timing, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    software: Software = Software()
    notice: str = NOTICE
    schema_version: str = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _freeze(self)
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled; results travel between processes.
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["settings"] = dict(self.settings)
        return functools.partial(Result, **values), ()

    def value(self, name: str) -> Measurement:
        """The measurement of that name. Raises KeyError."""
        return {one.name: one for one in self.values}[name]


def input_identity(volume: Volume, role: str = "", frames: int | None = None) -> InputIdentity:
    """Identity of a volume that was read; of its array where it was generated.

    frames: number of frames when the volume is one of a sequence.
    """
    digest = volume.source_sha256 or hashlib.sha256(volume.array.tobytes()).hexdigest()
    known = volume.geometry.spacing_known
    shape = volume.array.shape if frames is None else (frames, *volume.array.shape)
    return InputIdentity(
        digest, volume.modality, shape, volume.geometry.spacing_mm if known else None, role
    )


def file_sha256(path: Path) -> str:
    """SHA256 of a file's bytes."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def output_files(folder: Path) -> tuple[OutputFile, ...]:
    """All files below a result folder except its result.json, by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [(path.relative_to(folder).as_posix(), path) for path in paths]
    return tuple(OutputFile(name, file_sha256(p)) for name, p in names if name != RESULT_FILE)


def write_result(folder_or_path: Path | str, result: Result) -> Path:
    """Write result.json into a folder, or to a path that ends in .json; appears by rename.

    Keys come in the order of the fields, so that equal results give equal bytes. Raises
    ResultError when the result does not fit the schema; nothing is written then.
    """
    path = Path(folder_or_path)
    path = path if path.suffix == ".json" else path / RESULT_FILE
    values = result_to_dict(result)
    _validate(values, "The result to be written")
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with finished_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def read_result(folder_or_path: Path | str) -> Result:
    """Read what `write_result` wrote.

    A later minor version is read with what it added left out; another major one is refused.
    Raises ResultError that names the file, what was found and what was expected.
    """
    path = Path(folder_or_path)
    path = path / RESULT_FILE if path.is_dir() else path
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ResultError(f"{path.name}: larger than {_MAX_BYTES} bytes; no result is.")
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ResultError(f"{path}: the result cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path.name}: not valid JSON ({error}); run the case again.") from error
    return result_from_dict(values, path.name)


def result_to_dict(result: Result) -> dict[str, Any]:
    """Plain values for JSON, keys in the order of the fields, schema_version first."""
    values = _to_plain(result)
    return {"schema_version": values.pop("schema_version"), **values}


def result_from_dict(values: Any, source: str = "Result") -> Result:
    """The result of plain values; source names them in errors. Raises ResultError."""
    version = values.get("schema_version") if isinstance(values, dict) else None
    major = str(version).split(".")[0]
    if major != SCHEMA_VERSION.split(".")[0]:
        raise ResultError(
            f"{source}: schema_version is {version!r}; this software reads "
            f"{SCHEMA_VERSION} and later 1.x. Use the software that wrote it."
        )
    _validate(values, source, newer=version != SCHEMA_VERSION)
    return _from_plain(values, Result)


@functools.cache
def _validator(newer: bool) -> Any:
    from jsonschema import Draft202012Validator

    text = resource_path("schemas", f"result-{SCHEMA_VERSION}.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    return Draft202012Validator(_opened(schema) if newer else schema)


def _opened(schema: Any) -> Any:
    """The schema without refusal of unknown names, which a later minor version may add."""
    if isinstance(schema, dict):
        return {k: _opened(v) for k, v in schema.items() if k != "additionalProperties"}
    return [_opened(item) for item in schema] if isinstance(schema, list) else schema


def _validate(values: Any, source: str, newer: bool = False) -> None:
    from jsonschema.exceptions import best_match

    error = best_match(_validator(newer).iter_errors(values))
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "top level"
        raise ResultError(f"{source}: at {place}: {error.message[:300]}")


def _freeze(record: Any) -> None:
    """Lists to tuples, NumPy numbers to Python's; ResultError for numbers that are not finite."""
    for one in dataclasses.fields(record):
        name = f"{type(record).__name__}.{one.name}"
        object.__setattr__(record, one.name, _frozen(getattr(record, one.name), name))


def _frozen(value: Any, name: str) -> Any:
    if isinstance(value, float) or type(value).__module__ == "numpy":
        value = value.tolist() if hasattr(value, "tolist") else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ResultError(f"{name} is {value}; give None for a value that is not assessable.")
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item, name) for item in value)
    return value


def _to_plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _to_plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (tuple, list)):
        return [_to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ResultError(f"A setting is {value}; only finite numbers can be written.")
    return value


def _from_plain(value: Any, hint: Any) -> Any:
    """Values already checked by the schema, in the types of the dataclasses."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(item for item in typing.get_args(hint) if item is not type(None))
    if value is None:
        return None
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        given: Mapping[str, Any] = {k: v for k, v in value.items() if k in hints}
        return typing.cast(Any, hint)(**{k: _from_plain(v, hints[k]) for k, v in given.items()})
    if typing.get_origin(hint) is tuple and isinstance(value, Sequence):
        return tuple(_from_plain(item, typing.get_args(hint)[0]) for item in value)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
