from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.errors import InputError, MedImageError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.terminology import Code
from MedImageLib.volume import Volume, VolumeSequence

pytest.importorskip("slicer")
from MedImageLib.headless import HeadlessApplication, load_scene, save_scene
from MedImageLib.nodes import (
    Segment,
    add_displacement_field,
    add_folder,
    add_line,
    add_linear_transform,
    add_segmentation,
    add_table,
    add_volume,
    add_volume_sequence,
    place_in_folder,
)

REPOSITORY = Path(__file__).resolve().parents[3]
ANGLE = 0.4
GEOMETRY = Geometry(
    (6, 8, 10),
    (1.5, 0.9, 2.2),
    (31.0, -47.0, 120.5),
    ((np.cos(ANGLE), -np.sin(ANGLE), 0), (np.sin(ANGLE), np.cos(ANGLE), 0), (0, 0, -1)),
)
MATRIX = np.array([[1, 0, 0, 5], [0, 0, -1, 7], [0, 1, 0, -9], [0, 0, 0, 1.0]])
REMARK = Remark("guess", "A guess: 1|2; 50 % of 'x' & <y> \"z\".")

# Runs in a process of its own, so that nothing but the file connects the two.
READ = """
import json, sys
import numpy as np
from MedImageLib.headless import load_scene
from MedImageLib.nodes import *
with load_scene(sys.argv[1]) as application:
    scene = application.scene
    node = scene.GetFirstNodeByName
    ct = volume_of(node("CT"))
    labels = segmentation_labels(node("lungs"))
    cine = volume_sequence_of(node("cine sequence"))
    field, grid = displacement_field_of(node("field"))
    display = node("CT").GetDisplayNode()
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    red = scene.GetNodeByID("vtkMRMLSliceCompositeNodeRed")
    print(json.dumps({
        "ct": ct.array.tolist(), "ct_matrix": ct.geometry.lps_from_index.tolist(),
        "remarks": [[r.code, r.text] for r in ct.remarks], "unit": ct.unit,
        "window": [display.GetWindow(), display.GetLevel()],
        "labels": labels.array.tolist(),
        "labels_matrix": labels.geometry.lps_from_index.tolist(),
        "segments": [[s.name, s.rgb, s.type.value] for s in segments_of(node("lungs"))],
        "edited": is_edited(node("lungs")),
        "cine": cine.array.tolist(), "times": cine.index_values,
        "cine_matrix": cine.frames[0].geometry.lps_from_index.tolist(),
        "matrix": moving_from_fixed_of(node("rigid")).tolist(),
        "field": field.tolist(), "field_matrix": grid.lps_from_index.tolist(),
        "rows": rows_of(node("indices")), "line": points_of(node("width")).tolist(),
        "folder": hierarchy.GetItemName(
            hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node("CT")))),
        "shown": red.GetBackgroundVolumeID() == node("CT").GetID(),
        "orientation": scene.GetNodeByID("vtkMRMLSliceNodeYellow").GetOrientation(),
    }))
"""


@pytest.fixture
def content():
    """The values that go into the scene."""
    rng = np.random.default_rng(8)
    ct = Volume(
        rng.integers(-1000, 1000, GEOMETRY.shape, dtype=np.int16),
        GEOMETRY,
        modality="CT",
        unit="[hnsf'U]",
        remarks=(REMARK,),
    )
    labels = Volume(rng.integers(0, 3, GEOMETRY.shape).astype(np.uint8), GEOMETRY, is_labelmap=True)
    frames = tuple(
        Volume(rng.integers(0, 99, GEOMETRY.shape, dtype=np.int16), GEOMETRY) for _ in "abc"
    )
    return {
        "ct": ct,
        "labels": labels,
        "cine": VolumeSequence(frames, (0.0, 33.25, 70.0)),
        "field": rng.normal(size=(*GEOMETRY.shape, 3)),
        "rows": [{"frame": 0, "area_mm2": 12.5, "ok": True}, {"frame": 1, "area_mm2": None}],
    }


def fill(application: HeadlessApplication, content: dict) -> None:
    scene = application.scene
    lung = Code("SCT", "39607008", "Lung")
    node = add_volume(scene, content["ct"], "CT")
    segments = [Segment("right lung", 1, (9, 8, 7), lung), Segment("left", 2, (1, 2, 3), lung)]
    lungs = add_segmentation(scene, content["labels"], segments, "lungs", reference_node=node)
    add_volume_sequence(scene, content["cine"], "cine")
    add_linear_transform(scene, MATRIX, "rigid")
    add_displacement_field(scene, content["field"], GEOMETRY, "field")
    table = add_table(scene, content["rows"], "indices")
    add_line(scene, np.array([[1.0, 2, 3], [4.0, 5, 6]]), "width")
    place_in_folder(scene, [node, lungs, table], add_folder(scene, "study 1a2b"))
    application.show(node)


def right_handed(array, matrix) -> tuple[np.ndarray, np.ndarray]:
    array, matrix = np.array(array), np.array(matrix)
    if np.linalg.det(matrix[:3, :3]) < 0:
        matrix[:3, 3] += matrix[:3, 2] * (array.shape[0] - 1)
        matrix[:3, 2] *= -1
        array = array[::-1]
    return array, matrix


def assert_same_place(found_array, found_matrix, array, matrix) -> None:
    """The same values at the same places: MRML's file reader makes every grid right-handed."""
    found_array, found_matrix = right_handed(found_array, found_matrix)
    array, matrix = right_handed(array, matrix)
    assert np.array_equal(found_array, array)
    assert np.allclose(found_matrix, matrix, atol=1e-6)


def test_a_bundle_comes_back_in_a_fresh_process(tmp_path, content):
    with HeadlessApplication() as application:
        fill(application, content)
        thumbnail = np.zeros((30, 40, 3), np.uint8)
        path = save_scene(application, tmp_path / "study.mrb", thumbnail=thumbnail)
    assert [entry.name for entry in tmp_path.iterdir()] == ["study.mrb"]
    reader = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ERR|" not in reader.stderr
    found = json.loads(reader.stdout)
    matrix = GEOMETRY.lps_from_index
    assert_same_place(found["ct"], found["ct_matrix"], content["ct"].array, matrix)
    assert found["remarks"] == [[REMARK.code, REMARK.text]]
    assert not found["edited"]
    assert found["unit"] == "[hnsf'U]"
    assert found["window"] == [400.0, 40.0]
    assert_same_place(found["labels"], found["labels_matrix"], content["labels"].array, matrix)
    assert found["segments"] == [
        ["right lung", [9, 8, 7], "39607008"],
        ["left", [1, 2, 3], "39607008"],
    ]
    for number, frame in enumerate(content["cine"].frames):
        assert_same_place(found["cine"][number], found["cine_matrix"], frame.array, matrix)
    assert found["times"] == [0.0, 33.25, 70.0]
    assert np.allclose(found["matrix"], MATRIX)
    assert np.allclose(found["field"], content["field"], atol=1e-5)
    assert np.allclose(found["field_matrix"], matrix, atol=1e-6)
    assert found["rows"][0] == {"frame": 0, "area_mm2": 12.5, "ok": True}
    assert found["rows"][1]["area_mm2"] is None
    assert np.allclose(found["line"], [[1, 2, 3], [4, 5, 6]])
    assert found["folder"] == "study 1a2b"
    assert found["shown"]
    assert found["orientation"] == "Sagittal"


def test_a_bundle_holds_what_slicer_looks_for(tmp_path, content):
    with HeadlessApplication() as application:
        fill(application, content)
        path = save_scene(
            application, tmp_path / "study.mrb", thumbnail=np.zeros((3, 4, 3), np.uint8)
        )
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
        scene = bundle.read("study/study.mrml").decode()
    assert {"study/study.png", "study/Data/CT.nrrd", "study/Data/lungs.seg.nrrd"} <= set(names)
    assert '<MRML version="Slicer 5.' in scene
    assert 'currentViewArrangement="3"' in scene
    # Paths into the machine that wrote it would neither be found nor be anybody's business.
    assert str(tmp_path) not in scene


def test_saving_replaces_in_one_step_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "study.mrb"
    path.write_bytes(b"an older scene")
    with HeadlessApplication() as application:
        broken = type("Scene", (), {"WriteToMRB": lambda *_: False})()
        kept, application.scene = application.scene, broken
        with pytest.raises(MedImageError, match="could not be written"):
            save_scene(application, path)
        application.scene = kept
        assert path.read_bytes() == b"an older scene"
        save_scene(application, path)
        with pytest.raises(InputError, match=r"written as \.mrb"):
            save_scene(application, tmp_path / "study.zip")
    assert [entry.name for entry in tmp_path.iterdir()] == ["study.mrb"]
    assert zipfile.is_zipfile(path)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"../outside.mrml": "x"}, "points outside"),
        ({"/etc/outside.mrml": "x"}, "points outside"),
        ({"a\\..\\..\\outside.mrml": "x"}, "points outside"),
        ({"c:/outside.mrml": "x"}, "points outside"),
        ({"readme.txt": "x"}, "no .mrml"),
    ],
)
def test_hostile_bundles_are_refused(tmp_path, entries, words):
    path = tmp_path / "evil.mrb"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, text in entries.items():
            bundle.writestr(name, text)
    with pytest.raises(InputError, match=words):
        load_scene(path)


def test_a_bundle_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    from MedImageLib.headless import scene_files

    monkeypatch.setattr(scene_files, "MAX_UNPACKED_BYTES", 1000)
    path = tmp_path / "bomb.mrb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("bomb/bomb.mrml", b"0" * 5000)
    with pytest.raises(InputError, match="5000 bytes"):
        load_scene(path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("absent.mrb", None, "no scene file"),
        ("scene.txt", b"", "expected a file ending"),
        ("damaged.mrb", b"PK\x03\x04 cut off", "no scene bundle"),
        ("damaged.mrml", b"<MRML version='Slicer 5.12.0 1'><Volume", "could not be read"),
    ],
)
def test_files_that_are_no_scenes_are_refused(tmp_path, name, data, words):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=words):
        load_scene(path)
    HeadlessApplication().close()


def test_applications_follow_one_another(tmp_path):
    import slicer

    for _ in range(3):
        with HeadlessApplication() as application:
            assert slicer.mrmlScene is application.scene
            logic = slicer.modules.segmentations.logic()
            assert logic is application.module_logics["Segmentations"]
            with pytest.raises(MedImageError, match="open already"):
                HeadlessApplication()
        application.close()
        assert slicer.mrmlScene is None


def test_starting_and_closing_prints_no_errors():
    code = "from MedImageLib.headless import HeadlessApplication as A\nwith A(): pass"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr == ""


def test_an_oblique_stack_opens_as_it_was_acquired(tmp_path, capfd):
    angle = np.deg2rad(50)
    axes = ((np.cos(angle), 0, -np.sin(angle)), (0, 1, 0), (np.sin(angle), 0, np.cos(angle)))
    geometry = Geometry((3, 8, 10), (1.0, 1.0, 9.0), direction=axes)
    with HeadlessApplication() as application:
        node = add_volume(application.scene, Volume(np.zeros(geometry.shape), geometry), "stack")
        application.show(node)
        path = save_scene(application, tmp_path / "stack.mrb")
    with load_scene(path) as application:
        red = application.scene.GetNodeByID("vtkMRMLSliceNodeRed")
        assert red.GetOrientation() == "Acquired"
        matrix = red.GetSliceToRAS()
        columns = np.array([[matrix.GetElement(r, c) for r in range(3)] for c in (0, 1)])
        assert np.allclose(columns[0] * (-1, -1, 1), np.array(axes)[:, 0])
        assert np.allclose(columns[1] * (-1, -1, 1), -np.array(axes)[:, 1])
    assert "ERR|" not in capfd.readouterr().err


def test_slicers_terminology_knows_every_structure():
    """Each structure of the table, with its side, is found in the lists that were loaded."""
    from MedImageLib.terminology import SLICER_TYPE_CONTEXT, Code, structures

    none = Code("", "", "")
    with HeadlessApplication() as application:
        logic = application.module_logics["Terminologies"]
        for entry in structures():
            codes = (entry.category, entry.type, entry.modifier or none)
            words = [word for code in codes for word in (code.scheme, code.value)]
            found = logic.FindTerminologyNames(*words, [], None)
            assert SLICER_TYPE_CONTEXT in found, entry.key
        absent = ("SCT", "123037004", "SCT", "0", "", "")
        assert not logic.FindTerminologyNames(*absent, [], None)
