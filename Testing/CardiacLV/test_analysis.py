"""The whole chain on generated beats: from exact labels, from edited ones, and from images."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from CardiacLVLib.analysis import analyze_cine, analyze_labels
from CardiacLVLib.cine.heart_rate import heart_rate
from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork
from CardiacLVLib.ensemble.store import EnsembleCard, save_ensemble
from CardiacLVLib.presentation.output import write_outputs
from CardiacLVLib.presentation.pictures import shown_slices
from CardiacLVLib.presentation.result import result_of
from CardiacLVLib.presentation.tables import frame_rows, index_rows, regressed_rows
from CardiacLVLib.settings import LeftVentricleSettings
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.results import result_from_dict, result_to_dict
from MedImageLib.volume import Volume, VolumeSequence

NO_SCENE = LeftVentricleSettings(scene=False)


def left_only(labels: Volume) -> Volume:
    """A generated label map without the right ventricle."""
    return labels.with_array(np.where(labels.array > 2, 0, labels.array))


@pytest.fixture(scope="module")
def beat():
    made = generate_cine(CineSettings(seed=4, slices=5, frames=8, rows=96, rate_bpm=75))
    return made, tuple(left_only(labels) for labels in made.labels)


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    """A folder without an ensemble."""
    return tmp_path_factory.mktemp("nothing")


@pytest.fixture(scope="module")
def measured(beat, nowhere):
    made, labels = beat
    return analyze_labels(made.sequence, labels, NO_SCENE, nowhere)


def test_an_analysis_travels_between_processes(measured):
    """The panel's computation runs in a process of its own."""
    arrived = pickle.loads(pickle.dumps(measured))
    assert index_rows(arrived) == index_rows(measured)
    assert [r.code for r in arrived.remarks] == [r.code for r in measured.remarks]
    assert all(
        np.array_equal(a.array, b.array)
        for a, b in zip(arrived.labels, measured.labels, strict=True)
    )


def test_exact_labels_give_exact_function(beat, measured):
    made, _ = beat
    function = measured.measured.function
    edv, esv = made.volumes_ml[made.ed_frame], made.volumes_ml[made.es_frame]
    assert (measured.measured.phases.ed_frame, measured.measured.phases.es_frame) == (
        made.ed_frame,
        made.es_frame,
    )
    assert function.end_diastolic_volume_ml == pytest.approx(edv, rel=0.02)
    assert function.end_systolic_volume_ml == pytest.approx(esv, rel=0.03)
    assert function.myocardial_mass_g == pytest.approx(
        1.05 * made.myocardium_ml[made.ed_frame], rel=0.03
    )
    assert measured.rate_bpm == pytest.approx(75, rel=0.01)
    assert function.cardiac_output_l_per_min == pytest.approx((edv - esv) * 0.075, rel=0.05)
    truth = made.anterior_insertion_deg[np.isfinite(made.anterior_insertion_deg)][0]
    away = (measured.measured.insertion.anterior_deg - truth + 180) % 360 - 180
    assert abs(away) < 20


def test_without_an_ensemble_a_remark_says_so(measured):
    assert measured.regressed is None
    assert measured.check is None
    assert regressed_rows(measured) == []
    [remark] = [r for r in measured.remarks if r.code == "indices-not-regressed"]
    assert "not installed" in remark.text
    states = {flag.code: flag.state for flag in result_of(measured).flags}
    assert states["indices-agree"] == "not_assessable"


def test_result_fits_the_schema_and_names_all_frames(beat, measured):
    made, _ = beat
    result = result_of(measured)
    assert result_from_dict(result_to_dict(result)) == result
    assert result.value("ed_phase_index").value == made.ed_frame
    assert result.value("es_phase_index").value == made.es_frame
    middle = shown_slices(measured)[1][0]
    assert result.value(f"es_phase_index_slice{middle}").value == made.es_frame
    assert result.curves[0].unit == "mL"
    codes = [remark.code for remark in result.warnings]
    assert {"papillary-muscles", "basal-slices", "labels-given"} <= set(codes)
    assert "/" not in " ".join(remark.text for remark in measured.remarks if "not-" in remark.code)


def test_rows_hold_every_frame_and_slice(beat, measured):
    made, labels = beat
    rows = index_rows(measured)
    assert [(row["frame"], row["slice"]) for row in rows] == list(np.ndindex(8, 5))
    pixel = np.prod(made.sequence.frames[0].geometry.spacing_mm[:2])
    for row in rows:
        counted = (labels[row["frame"]].array[row["slice"]] == 1).sum() * pixel
        assert row["cavity_area_mm2"] == pytest.approx(counted, rel=0.03, abs=3 * pixel)
        assert (row["dim1_mm"] is None) == (counted == 0)
    # Systole from the frame after end diastole to end systole.
    systole = {row["frame"] for row in rows if row["phase"] == 0}
    assert systole == set(range(made.ed_frame + 1, made.es_frame + 1))
    volumes = [row["cavity_volume"] for row in frame_rows(measured)]
    assert np.allclose(volumes, made.volumes_ml, rtol=0.03)


def test_an_edited_contour_changes_its_numbers_and_no_others(beat, measured, nowhere):
    made, labels = beat
    number = shown_slices(measured)[1][0]
    array = labels[made.ed_frame].array.copy()
    array[number][array[number] == 1] = 2
    edited = [*labels]
    edited[made.ed_frame] = labels[made.ed_frame].with_array(array)
    after = analyze_labels(made.sequence, edited, NO_SCENE, nowhere)
    changed = [
        (row["frame"], row["slice"])
        for row, before in zip(index_rows(after), index_rows(measured), strict=True)
        if row["cavity_area_mm2"] != before["cavity_area_mm2"]
    ]
    assert changed == [(made.ed_frame, number)]
    before, now = (one.measured.function.volume_ml for one in (measured, after))
    assert now[made.ed_frame] < 0.9 * before[made.ed_frame]
    assert after.measured.phases.ed_frame != made.ed_frame


def test_a_given_insertion_turns_the_regions(beat, measured, nowhere):
    made, labels = beat
    turned = measured.measured.insertion.anterior_deg + 60 * measured.measured.insertion.septum_turn
    settings = dataclasses.replace(NO_SCENE, insertion_deg=(turned + 180) % 360 - 180)
    after = analyze_labels(made.sequence, labels, settings, nowhere)
    assert after.measured.insertion.method == "given"
    old, new = measured.measured.indices[..., 5:], after.measured.indices[..., 5:]
    # IS, I, IL, AL, A, AS follow one another along the turn; the first is now where I was.
    assert np.allclose(np.roll(old, -1, axis=-1), new, equal_nan=True)


def test_papillary_muscles_count_as_chosen(beat, nowhere):
    made, labels = beat
    plain = generate_cine(dataclasses.replace(made.settings, papillary=False))
    as_wall = dataclasses.replace(NO_SCENE, papillary="myocardium")
    found, without = (
        analyze_labels(one.sequence, labels, as_wall, nowhere) for one in (made, plain)
    )
    usual = analyze_labels(made.sequence, labels, NO_SCENE, nowhere)
    moved = usual.measured.cavity_area_mm2 - found.measured.cavity_area_mm2
    number = shown_slices(usual)[1][0]
    assert 300 < moved[made.ed_frame, number] < 700
    # Where there are none, next to nothing is taken for one.
    muscle = without.measured.plan.papillary_mm2[made.ed_frame, number]
    assert muscle < 0.3 * moved[made.ed_frame, number]
    gained = found.measured.myocardium_area_mm2 - usual.measured.myocardium_area_mm2
    assert np.allclose(gained[moved > 0], moved[moved > 0])
    lengths = slice(2, None)
    assert np.array_equal(
        found.measured.indices[..., lengths], usual.measured.indices[..., lengths], equal_nan=True
    )
    texts = [r.text for r in result_of(found).warnings if r.code == "papillary-muscles"]
    assert "count as myocardium" in texts[0]


def test_an_untrained_ensemble_is_flagged(beat, tmp_path):
    made, labels = beat
    networks = [AggregationNetwork() for _ in range(2)]
    save_ensemble(tmp_path, networks, EnsembleCard(name="untrained", version="0", members=2))
    found = analyze_labels(made.sequence, labels, NO_SCENE, tmp_path)
    assert found.regressed is not None
    assert np.array_equal(np.isnan(found.regressed.indices), np.isnan(found.measured.indices))
    assert (found.regressed.spread[np.isfinite(found.regressed.spread)] >= 0).all()
    flagged = [row for row in index_rows(found) if "disagrees:cavity_area_mm2" in row["flags"]]
    assert flagged
    rows = regressed_rows(found)
    assert list(rows[0])[:15] == list(index_rows(found)[0])
    assert "rwt6_mm_spread" in rows[0]
    assert found.models[-1].name == "untrained"
    flags = {flag.code: flag for flag in result_of(found).flags}
    assert flags["indices-agree"].state == "not"


def test_two_frames_are_end_diastole_and_end_systole(beat, nowhere):
    made, labels = beat
    pair = (made.es_frame, made.ed_frame)
    cine = VolumeSequence(tuple(made.sequence.frames[n] for n in pair), (0.0, 1.0), "phase", "1")
    found = analyze_labels(cine, [labels[n] for n in pair], NO_SCENE, nowhere)
    assert (found.measured.phases.ed_frame, found.measured.phases.es_frame) == (1, 0)
    assert found.measured.phases.phase == (0, 1)
    assert found.rate_bpm is None, "two frames tell no heart rate"
    assert found.measured.function.cardiac_output_l_per_min is None


def bare(made) -> VolumeSequence:
    """The generated cine without spacing and place."""
    grid = Geometry(made.sequence.frames[0].array.shape, spacing_known=False)
    frames = tuple(Volume(frame.array, grid, modality="MR") for frame in made.sequence.frames)
    return VolumeSequence(frames, made.sequence.index_values)


def test_without_spacing_there_are_pixels_and_no_volumes(beat, nowhere):
    made, labels = beat
    found = analyze_labels(bare(made), labels, NO_SCENE, nowhere)
    result = result_of(found)
    assert result.value("end_diastolic_volume").value is None
    assert "spacing" in result.value("end_diastolic_volume").text.lower()
    assert result.value("ed_phase_index").value == made.ed_frame
    assert result.value("fractional_area_change").value > 10
    assert result.curves[0].unit == "{px}2"
    row = next(row for row in index_rows(found) if row["dim1_px"] is not None)
    assert row["cavity_area_mm2"] is None
    assert row["cavity_area_px2"] > 100


def test_every_case_has_a_report(beat, nowhere, tmp_path):
    made, labels = beat
    still = [labels[0]] * len(labels)
    one = [v.with_array(np.where(np.arange(5)[:, None, None] == 2, v.array, 0)) for v in labels]
    nothing = [v.with_array(np.zeros_like(v.array)) for v in labels]
    cases = {
        "bare": (bare(made), labels, "px²"),
        "still": (made.sequence, still, "cannot be told"),
        "one slice": (made.sequence, one, "Indices, the only slice 2"),
        "nothing": (made.sequence, nothing, "No left ventricle was found"),
    }
    for name, (cine, drawn, words) in cases.items():
        folder = tmp_path / name
        folder.mkdir()
        write_outputs(folder, analyze_labels(cine, drawn, NO_SCENE, nowhere))
        assert words in (folder / "report.html").read_text("utf-8"), name
        assert (folder / "overlay.png").is_file()
        assert len((folder / "indices.csv").read_text("utf-8").splitlines()) == 1 + 8 * 5


def test_no_cavity_at_all_is_an_answer(beat, nowhere):
    made, labels = beat
    empty = [one.with_array(np.zeros_like(one.array)) for one in labels]
    found = analyze_labels(made.sequence, empty, NO_SCENE, nowhere)
    result = result_of(found)
    assert result.value("ed_phase_index").value is None
    assert result.findings == ("No left ventricle was found; nothing was measured.",)
    assert not result.curves


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda labels: labels[:-1], GeometryError, "7 frames and the cine 8"),
        (lambda labels: [v.with_array(v.array * 3) for v in labels], InputError, "3, 6"),
        (
            lambda labels: [
                Volume(v.array, dataclasses.replace(v.geometry, origin_mm=(0, 0, 0)), True)
                for v in labels
            ],
            GeometryError,
            "another place",
        ),
        (
            lambda labels: [
                Volume(v.array[:, :-1], Geometry((5, 95, 96), v.geometry.spacing_mm), True)
                for v in labels
            ],
            GeometryError,
            "96 x 95 x 5 voxels and the cine 96 x 96 x 5",
        ),
    ],
    ids=["frames", "values", "place", "size"],
)
def test_labels_that_do_not_fit_are_refused(beat, change, error, words):
    made, labels = beat
    with pytest.raises(error, match=words):
        analyze_labels(made.sequence, change(labels), NO_SCENE)


@pytest.mark.parametrize(
    ("tags", "frames", "step_ms", "beats", "expected"),
    [
        ({"heart_rate_per_min": 64.0}, 10, 80.0, 1, 64.0),
        ({"nominal_interval_ms": 800.0}, 10, 50.0, 1, 75.0),
        ({}, 10, 80.0, 1, 75.0),
        ({}, 20, 80.0, 2, 75.0),
        ({}, 10, 1.0, 1, None),
        ({}, 2, 400.0, 1, None),
        ({"heart_rate_per_min": 0.0}, 10, 100.0, 1, 60.0),
    ],
)
def test_heart_rate(tags, frames, step_ms, beats, expected):
    frame = Volume(np.zeros((1, 4, 4)), Geometry((1, 4, 4)), tags=tags)
    cine = VolumeSequence((frame,) * frames, tuple(n * step_ms for n in range(frames)))
    found, remarks = heart_rate(cine, None, beats)
    assert found == pytest.approx(expected) if expected else found is None
    assert bool(remarks) == (expected is not None and not any(tags.values()))
    assert heart_rate(cine, 55.0) == (55.0, ())


def test_from_images_to_function(nowhere):
    made = generate_cine(CineSettings(seed=2, slices=3, frames=2, rows=128))
    found = analyze_cine(made.sequence, NO_SCENE, nowhere)
    assert [model.name for model in found.models] == ["cine_localizer", "cine_ventricle"]
    middle = shown_slices(found)[len(shown_slices(found)) // 2][0]
    truth = (made.labels[made.ed_frame].array[middle] == 1).sum()
    truth = truth * np.prod(made.sequence.frames[0].geometry.spacing_mm[:2])
    assert found.measured.cavity_area_mm2[made.ed_frame, middle] == pytest.approx(truth, rel=0.25)
