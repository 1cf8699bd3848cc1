"""Results: what is written is valid, deterministic, complete, and reads back equal."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from MedImageLib import results
from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.resources import resource_path
from MedImageLib.results import (
    Curve,
    InputIdentity,
    Measurement,
    ModelUsed,
    OutputFile,
    QualityFlag,
    Result,
    ResultError,
    Shape,
    Timing,
    input_identity,
    output_files,
    read_result,
    result_from_dict,
    result_to_dict,
    write_result,
)
from MedImageLib.volume import Volume

SHA = "ab" * 32
SCHEMA = json.loads(resource_path("schemas", "result-1.0.json").read_text())


def full_result() -> Result:
    line = Shape(
        "line", points_lps_mm=((0, 1.5, 2), (3, 4, 5)), points_ijk=((1, 2), (3, 4)), label="heart"
    )
    return Result(
        module="CardiacLV",
        task="lv-indices",
        inputs=(InputIdentity(SHA, "MR", (20, 8, 256, 256), (1.25, 1.25, 8.0), "cine"),),
        values=(
            Measurement("cavity_area", 1234.5, "mm2", 12.0, geometry=(line,)),
            Measurement("ejection_fraction", None, "%", text="No base slice."),
        ),
        curves=(Curve("cavity_area", (3.0, None, 1.0), "mm2", (0.0, 40.0, 80.0)),),
        flags=(QualityFlag("full-cycle", "not", "19 of 20 phases.", 19, 20, "1"),),
        findings=("Normal – ≥ 55 %.",),
        warnings=(Remark("guessed-spacing", "Spacing was guessed."),),
        models=(ModelUsed("lv", "1.0.0", SHA),),
        files=(OutputFile("masks/lv.nrrd", SHA),),
        timings=(Timing("segment", 0.25),),
        settings={"b": 1, "a": {"z": [1, 2.5], "c": None}},
    )


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    """The full result as plain values, with one place changed, or taken out (value ...)."""
    values = json.loads(json.dumps(result_to_dict(full_result())))
    place = values
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return values


def test_round_trip_keeps_everything(tmp_path: Path) -> None:
    path = write_result(tmp_path, full_result())
    assert path == tmp_path / "result.json"
    assert read_result(tmp_path) == read_result(path) == full_result()
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_equal_results_give_equal_bytes_in_field_order(tmp_path: Path) -> None:
    first = write_result(tmp_path / "a.json", full_result()).read_bytes()
    reordered = dataclasses.replace(
        full_result(), settings={"a": {"c": None, "z": (1, 2.5)}, "b": 1}
    )
    assert write_result(tmp_path / "b.json", reordered).read_bytes() == first
    assert next(iter(json.loads(first))) == "schema_version"


def test_schema_is_sound_and_names_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    classes = {"Result": Result, "Remark": Remark} | {
        name: getattr(results, name) for name in SCHEMA["$defs"] if name != "Remark"
    }
    for name, one in classes.items():
        part = SCHEMA if name == "Result" else SCHEMA["$defs"][name]
        assert set(part["properties"]) == {field.name for field in dataclasses.fields(one)}, name
        assert all("description" in p or "$ref" in p for p in part["properties"].values()), name


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["inputs", 0, "sha256"], "ABC", "inputs/0/sha256"),
        (["inputs", 0, "spacing_mm"], [1, 0, 1], "inputs/0/spacing_mm"),
        (["values", 0, "unit"], "", "values/0/unit"),
        (["values", 0, "value"], "12", "values/0/value"),
        (["values", 0, "value"], True, "values/0/value"),
        (["values", 0, "geometry", 0, "kind"], "circle", "values/0/geometry/0/kind"),
        (["values", 0, "geometry", 0, "points_lps_mm"], [[1, 2]], "values/0/geometry/0"),
        (["flags", 0, "state"], "maybe", "flags/0/state"),
        (["warnings", 0, "code"], "Has Spaces", "warnings/0/code"),
        (["timings", 0, "seconds"], -1, "timings/0/seconds"),
        (["schema_version"], 1, "schema_version"),
        (["notice"], "Certified.", "notice"),
        (["notice"], ..., "notice"),
        (["models"], ..., "models"),
        (["patient_name"], "X", "patient_name"),
        (["values", 0, "colour"], "red", "colour"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(path: list, value: Any, told: str) -> None:
    with pytest.raises(ResultError, match=told) as error:
        result_from_dict(changed(path, value), "result.json")
    assert str(error.value).startswith("result.json: ")


@pytest.mark.parametrize(
    ("kind", "points", "fits"),
    [
        ("point", [(1, 2)], True),
        ("point", [(1, 2), (3, 4)], False),
        ("line", [(1, 2)], False),
        ("box", [(1, 2), (3, 4)], True),
        ("polygon", [(1, 2), (3, 4)], False),
        ("polygon", [(1, 2, 0), (3, 4, 0), (5, 6, 0)], True),
        ("polyline", [], False),
    ],
)
def test_shapes_have_as_many_points_as_their_kind_needs(
    tmp_path: Path, kind: Any, points: list, fits: bool
) -> None:
    shape = Shape(kind, points_ijk=points)
    result = dataclasses.replace(
        full_result(), values=(Measurement("m", 1, "mm", geometry=(shape,)),)
    )
    if fits:
        assert read_result(write_result(tmp_path, result)) == result
    else:
        with pytest.raises(ResultError, match="values/0/geometry/0"):
            write_result(tmp_path, result)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float32("nan"), -np.inf])
def test_numbers_that_are_not_finite_are_refused_at_once(bad: Any) -> None:
    for make in (
        lambda: Measurement("m", bad, "mm"),
        lambda: Measurement("m", 1, "mm", uncertainty=bad),
        lambda: Curve("c", (bad,), "mm", (0.0,)),
        lambda: QualityFlag("f", "not", "t", value=bad),
        lambda: Shape("point", points_lps_mm=((0, bad, 0),)),
        lambda: Timing("t", bad),
    ):
        with pytest.raises(ResultError, match=r"is (nan|-?inf)"):
            make()


def test_settings_that_are_not_finite_are_never_written(tmp_path: Path) -> None:
    with pytest.raises(ResultError):
        write_result(tmp_path, dataclasses.replace(full_result(), settings={"a": float("nan")}))
    assert not list(tmp_path.iterdir())


def test_numpy_numbers_become_plain(tmp_path: Path) -> None:
    measured = Measurement("m", np.float32(1.5), "mm", np.float64(2), "", ())
    shape = Shape("point", points_lps_mm=np.array([[1, 2, 3]], np.float32), frame=np.int64(3))
    result = dataclasses.replace(
        full_result(), values=(dataclasses.replace(measured, geometry=(shape,)),)
    )
    got = read_result(write_result(tmp_path, result)).value("m")
    assert (got.value, got.geometry[0].points_lps_mm, got.geometry[0].frame) == (
        1.5,
        ((1.0, 2.0, 3.0),),
        3,
    )


def test_later_minor_versions_are_read_and_other_majors_refused() -> None:
    later = changed(["values", 0, "novelty"], {"x": 1}) | {"schema_version": "1.7", "extra": []}
    got = result_from_dict(later)
    assert got.values == full_result().values
    assert got.schema_version == "1.7"
    for version in ("2.0", "0.9", None, "x"):
        with pytest.raises(ResultError, match=r"schema_version is .* reads 1\.0"):
            result_from_dict(later | {"schema_version": version}, "result.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "NaN", '{"a": NaN}', "[" * 100_000, "\x00"])
def test_broken_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(ResultError, match=r"result\.json"):
        read_result(tmp_path)


def test_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read_result(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "C:/x", "a\\b"])
def test_file_names_stay_inside(name: str) -> None:
    with pytest.raises(ResultError, match="relative"):
        OutputFile(name, SHA)
    with pytest.raises(ResultError):
        result_from_dict(changed(["files", 0, "name"], name))


def test_output_files_are_listed_by_name_with_their_digest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_bytes(b"abc")
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "result.json").write_text("{}")
    assert [(f.name, f.sha256[:8]) for f in output_files(tmp_path)] == [
        ("a.txt", "e3b0c442"),
        ("sub/b.txt", "ba7816bf"),
    ]


@pytest.mark.parametrize(("known", "spacing"), [(True, (1.0, 2.0, 3.0)), (False, None)])
def test_identity_of_a_volume(known: bool, spacing: Any) -> None:
    geometry = Geometry((2, 3, 4), (1, 2, 3), spacing_known=known)
    volume = Volume(np.zeros((2, 3, 4), np.int16), geometry, modality="CT", source_sha256=SHA)
    assert input_identity(volume) == InputIdentity(SHA, "CT", (2, 3, 4), spacing)
    generated = Volume(np.ones((2, 3, 4)), geometry)
    assert len(input_identity(generated).sha256) == 64
    assert input_identity(generated, frames=5).shape == (5, 2, 3, 4)


def test_results_travel_between_processes() -> None:
    assert pickle.loads(pickle.dumps(full_result())) == full_result()
