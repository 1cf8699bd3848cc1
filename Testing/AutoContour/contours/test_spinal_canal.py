"""The canal of drawn spines whose axis is known, none where there is none, and real cords in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.contouring import contour_ct
from AutoContourLib.contours.ct_trunk import middle_columns
from AutoContourLib.contours.spinal_canal import spinal_canal_mask
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume

GRID = Geometry((110, 90, 110), (2.0, 2.0, 2.0), (-109.0, -89.0, 0.0))
TRUNK = ContourSettings(organs=False)


def torso(bend_mm: float = 12.0, arches: bool = True, spine: bool = True) -> Volume:
    """Vertebrae of 32 mm, 20 mm of them with an arch, around a canal that bends."""
    k, j, i = np.indices(GRID.shape)
    x, y, z = np.moveaxis(GRID.points_mm(np.stack([i, j, k], -1)), -1, 0)
    hu = np.where((x / 95) ** 2 + (y / 80) ** 2 < 1, 40.0, -1000.0)
    axis_x, axis_y = axis(z, bend_mm)
    if spine:
        away = np.hypot(x - axis_x, y - axis_y)
        hu[np.hypot(x - axis_x, y - axis_y + 27) < 17] = 230  # in front of the canal
        if arches:
            arch = (away > 9) & (away < 14) & (np.mod(z, 32) < 20)
            hu[arch] = 450
        hu[(np.abs(x - axis_x) < 4) & (y > axis_y + 12) & (y < axis_y + 35)] = 350
    hu += np.random.default_rng(1).normal(0, 12, GRID.shape)
    return Volume(np.rint(hu).astype(np.int16), GRID, modality="CT")


def axis(z, bend_mm: float):
    """Place of the canal's middle, mm, at heights z in mm."""
    return 0.3 * bend_mm * np.cos(z / 45), 30 + bend_mm * np.sin(z / 60)


@pytest.mark.parametrize("bend_mm", [0.0, 12.0])
def test_the_canal_lies_where_it_was_drawn(bend_mm) -> None:
    found = contour_ct(torso(bend_mm), TRUNK).masks["spinal_canal"]
    slices = np.flatnonzero(found.any((1, 2)))
    assert len(slices) > 0.9 * GRID.shape[0]
    k, j, i = np.indices(GRID.shape)
    x, y, _ = np.moveaxis(GRID.points_mm(np.stack([i, j, k], -1)), -1, 0)
    for n in slices[5:-5]:
        here = found[n]
        wanted = axis(2.0 * n, bend_mm)
        center = x[n][here].mean(), y[n][here].mean()
        assert np.hypot(center[0] - wanted[0], center[1] - wanted[1]) < 4.0
        inner = np.hypot(x[n] - wanted[0], y[n] - wanted[1]) < 5
        assert (here & inner).sum() > 0.85 * inner.sum()
    # Round with 9 mm, drawn as an ellipse of 9.5 and 13 mm without bone.
    area_mm2 = found[slices].sum() * 4.0 / len(slices)
    assert np.pi * 9**2 * 0.8 < area_mm2 < np.pi * 9.5 * 13 * 1.05


@pytest.mark.parametrize(("arches", "spine"), [(False, True), (False, False)])
def test_without_arches_or_spine_no_canal_is_invented(arches, spine) -> None:
    assert "spinal_canal" not in contour_ct(torso(arches=arches, spine=spine), TRUNK).masks


def test_nothing_and_too_little_hold_no_canal() -> None:
    hu, body = np.full((30, 40, 40), -1000.0), np.zeros((30, 40, 40), bool)
    assert not spinal_canal_mask(hu, body, middle_columns(body), 2.0).any()
    short = torso().array[:15]
    body = short > -300
    assert not spinal_canal_mask(short, body, middle_columns(body), 2.0).any()


@pytest.mark.parametrize("name", ["okbp_001", "okbp_049"])
def test_a_physicians_cord_lies_in_it(data_dir: Path, name: str) -> None:
    folder = data_dir / "ct_openkbp_hn"
    scan = replace(read_image(folder / f"{name}_ct.nrrd"), modality="CT")
    cord = read_image(folder / f"{name}_oar.nrrd").array == 2
    canal = contour_ct(scan, TRUNK).masks["spinal_canal"]
    common = np.flatnonzero(cord.any((1, 2)) & canal.any((1, 2)))
    assert len(common) > 0.9 * cord.any((1, 2)).sum()
    assert (cord & canal)[common].sum() > 0.9 * cord[common].sum()
