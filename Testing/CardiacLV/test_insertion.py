"""The anterior insertion on generated cines, turned pictures, and where nothing is to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from CardiacLVLib.measures.indices import outline_ventricle
from CardiacLVLib.measures.insertion import blood_runs_mm, find_insertion, given_insertion, wrapped
from MedImageLib.phantom.cine import CineSettings, generate_cine


def outlines_of(labels, spacing_mm):
    return [[outline_ventricle(one, spacing_mm) for one in frame] for frame in labels]


@pytest.fixture(scope="module")
def generated():
    return generate_cine(
        CineSettings(seed=4, slices=5, frames=2, rows=160, spacing_mm=1.5, noise=0.05)
    )


def of(generated, turn=lambda array: array, direction=None):
    images = turn(generated.sequence.array.astype(np.float32))
    labels = turn(np.stack([volume.array for volume in generated.labels]))
    spacing = generated.sequence.frames[0].geometry.spacing_mm[:2]
    return find_insertion(images, outlines_of(labels, spacing), direction)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_insertions_are_found(seed):
    made = generate_cine(
        CineSettings(seed=seed, slices=6, frames=2, rows=160, spacing_mm=1.5, noise=0.05)
    )
    found = of(made, direction=np.array(made.sequence.frames[0].geometry.direction))
    for angle, truth in (
        (found.anterior_deg, np.nanmedian(made.anterior_insertion_deg)),
        (found.inferior_deg, np.nanmedian(made.inferior_insertion_deg)),
    ):
        assert abs(wrapped(angle - truth)) < 13
    assert found.septum_turn == -1
    assert found.method == "image"
    assert found.confidence > 0.8
    assert not found.remarks
    assert len(found.slice_anterior_deg) == 6


def test_a_turned_picture_turns_the_insertion(generated):
    straight = of(generated)
    turned = of(generated, lambda array: np.rot90(array, axes=(2, 3)).copy())
    # rot90 takes the row axis to the column axis: +j becomes +i, angles fall by 90°.
    assert wrapped(turned.anterior_deg - straight.anterior_deg + 90) == pytest.approx(0, abs=6)
    assert turned.septum_turn == -1
    assert "patient-axes-unknown" in {remark.code for remark in turned.remarks}


def test_a_mirrored_picture_is_understood_by_its_axes(generated):
    direction = np.array(generated.sequence.frames[0].geometry.direction)
    straight = of(generated, direction=direction)
    mirrored = of(
        generated, lambda array: array[..., ::-1].copy(), direction * np.array([-1.0, 1.0, 1.0])
    )
    assert mirrored.septum_turn == 1
    assert wrapped(mirrored.anterior_deg - (180 - straight.anterior_deg)) == pytest.approx(0, abs=4)


def test_without_contrast_the_axes_or_the_display_decide(generated):
    def flat(array):
        return array if array.dtype == np.uint8 else np.zeros_like(array)

    by_axes = of(generated, flat, np.array(generated.sequence.frames[0].geometry.direction))
    assert by_axes.method == "patient axes"
    assert by_axes.confidence == 0
    truth = np.nanmedian(generated.anterior_insertion_deg)
    assert abs(wrapped(by_axes.anterior_deg - truth)) < 45
    by_display = of(generated, flat)
    assert by_display.method == "usual display"
    assert by_display.anterior_deg == pytest.approx(-101)
    assert [remark.code for remark in by_display.remarks] == [
        "insertion-unsure",
        "patient-axes-unknown",
    ]


def test_axes_of_another_plane_are_not_believed(generated):
    found = of(generated, direction=np.eye(3))
    assert "patient-axes-unknown" in {remark.code for remark in found.remarks}


def test_no_ventricle_at_all():
    found = find_insertion(np.zeros((2, 3, 8, 8), np.float32), [[None] * 3] * 2)
    assert found.confidence == 0
    assert found.slice_anterior_deg == (None, None, None)


def test_runs_of_blood_end_where_it_ends():
    j, i = np.mgrid[:80, :80]
    distance, left = np.hypot(i - 45, j - 40), i < 45
    image = np.where(distance < 12, 100.0, 30.0)
    image[(distance > 18) & (distance < 28) & left] = 95
    image[(distance > 24) & (distance < 28) & ~left] = 95
    labels = np.where(distance < 12, 1, np.where(distance < 18, 2, 0))
    runs = blood_runs_mm(image, outline_ventricle(labels, (1.0, 1.0)))
    assert runs[180] == pytest.approx(10, abs=1)
    # What begins behind a gap belongs to something else.
    assert runs[0] == 0


def test_what_a_person_sets_is_kept():
    found = given_insertion(250, septum_turn=-1)
    assert (found.anterior_deg, found.method, found.confidence) == (-110, "given", 1.0)
    assert found.inferior_deg == pytest.approx(132)


def test_real_slices_by_eye(data_dir):
    """Read off the pictures: anterior insertion above at the left, one series turned by 90°."""
    from PIL import Image

    folder = data_dir / "cmr_sunnybrook_lv"
    for patient, names, by_eye in (
        ("SC-HF-I-04", ("s03", "s05"), -120),
        ("SC-HF-I-01", ("s03", "s05"), 160),
    ):
        images, labels = [], []
        for name in names:
            (file,) = [
                path
                for path in (folder / "labels").glob(f"{patient}_{name}_p*.png")
                if (np.array(Image.open(path)) == 2).any()
            ]
            labels.append(np.array(Image.open(file)))
            images.append(np.array(Image.open(folder / "images" / file.name), np.float32))
        found = find_insertion(np.stack(images)[None], outlines_of([labels], (1.37, 1.37)))
        assert abs(wrapped(found.anterior_deg - by_eye)) < 20
