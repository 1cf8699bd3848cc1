"""The eleven indices against ellipses and rings whose truth is known by formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CardiacLVLib.measures.contours import fit_contour, polar_area_mm2
from CardiacLVLib.measures.indices import (
    CAVITY,
    INDEX_NAMES,
    MYOCARDIUM,
    REGIONS,
    draw_outline,
    indices_of,
    measure_indices,
    outline_soft,
    outline_ventricle,
    region_deg,
)

SIZE = 96


@dataclass(frozen=True)
class Ring:
    """An elliptic cavity in an elliptic wall of even half-axis excess; lengths in mm."""

    center: tuple[float, float]
    a: float
    b: float
    turn_deg: float
    wall: float
    spacing: tuple[float, float]

    def cover(self, more: float, finer: int = 1) -> np.ndarray:
        """Share of every pixel inside of the ellipse whose half axes are longer by `more`."""
        fine = np.arange(SIZE)[:, None] + (np.arange(finer) - (finer - 1) / 2) / finer
        dx = (fine * self.spacing[0]).ravel()[None, :] - self.center[0]
        dy = (fine * self.spacing[1]).ravel()[:, None] - self.center[1]
        turn = np.deg2rad(self.turn_deg)
        u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        inside = (u / (self.a + more)) ** 2 + (v / (self.b + more)) ** 2 < 1
        return inside.reshape(SIZE, finer, SIZE, finer).mean(axis=(1, 3))

    def labels(self) -> np.ndarray:
        inner, outer = self.cover(0) > 0.5, self.cover(self.wall) > 0.5
        return np.where(inner, CAVITY, np.where(outer, MYOCARDIUM, 0)).astype(np.uint8)

    def radius(self, angle_deg: np.ndarray | float, more: float = 0) -> np.ndarray:
        angle = np.deg2rad(np.asarray(angle_deg) - self.turn_deg)
        return 1 / np.hypot(np.cos(angle) / (self.a + more), np.sin(angle) / (self.b + more))

    def truth(self, insertion_deg: float, septum_turn: int) -> np.ndarray:
        outer = (self.a + self.wall) * (self.b + self.wall)
        areas = [np.pi * self.a * self.b, np.pi * (outer - self.a * self.b)]
        across = [2 * self.radius(region_deg(r, insertion_deg, septum_turn)) for r in REGIONS[:3]]
        walls = []
        for region in REGIONS:
            sector = region_deg(region, insertion_deg, septum_turn) + np.linspace(-30, 30, 301)
            walls.append((self.radius(sector, self.wall) - self.radius(sector)).mean())
        return np.array([*areas, *across, *walls])

    def errors_px(self, found: np.ndarray, insertion_deg: float, septum_turn: int) -> np.ndarray:
        """Errors in pixels; areas as the even shift of the border that makes them."""
        edge = 2 * np.pi * np.sqrt(self.a * self.b)
        both = edge + 2 * np.pi * np.sqrt((self.a + self.wall) * (self.b + self.wall))
        pixel = np.sqrt(self.spacing[0] * self.spacing[1])
        lengths = np.array([edge, both, *np.ones(9)])
        return (found - self.truth(insertion_deg, septum_turn)) / lengths / pixel


def rings(number: int, spacing: tuple[float, float]) -> list[Ring]:
    """Random rings: centers between pixels, any turn, half axes of 6 to 20 pixels."""
    generator = np.random.default_rng(number)
    pixel = np.sqrt(spacing[0] * spacing[1])
    made = []
    for _ in range(number):
        a = generator.uniform(6, 20) * pixel
        shift = generator.uniform(-1, 1, 2)
        center = (SIZE / 2 + shift[0]) * spacing[0], (SIZE / 2 + shift[1]) * spacing[1]
        wall = generator.uniform(4, 10) * pixel
        made.append(
            Ring(center, a, a / generator.uniform(1, 1.5), generator.uniform(0, 180), wall, spacing)
        )
    return made


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.37, 1.37), (0.9, 1.5), (1.6, 0.8)])
def test_label_maps_are_measured_within_a_tenth_of_a_pixel(spacing):
    errors = []
    for number, ring in enumerate(rings(40, spacing)):
        found = measure_indices(ring.labels(), spacing, 9.0 * number, -1)
        errors.append(ring.errors_px(found.vector(), 9.0 * number, -1))
    errors = np.array(errors)
    for several in (slice(0, 1), slice(1, 2), slice(2, 5), slice(5, 11)):
        assert np.abs(errors[:, several]).mean() < 0.1
    # A single diameter has two borders, each known to the pixel only.
    assert np.percentile(np.abs(errors), 99) < 0.3
    assert np.abs(errors.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("spacing", [(1.3, 1.3), (0.9, 1.5)])
def test_soft_maps_are_measured_better(spacing):
    errors = []
    for ring in rings(12, spacing):
        inner, outer = ring.cover(0, finer=8), ring.cover(ring.wall, finer=8)
        outline = outline_soft(inner, outer - inner, spacing)
        errors.append(ring.errors_px(indices_of(outline, -100, 1).vector(), -100, 1))
    assert np.abs(errors).mean() < 0.03
    assert np.abs(errors).max() < 0.25


@settings(max_examples=60, deadline=None)
@given(
    a=st.floats(5, 22),
    flat=st.floats(1, 1.5),
    wall=st.floats(3, 12),
    turn=st.floats(0, 180),
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    across=st.floats(0.7, 1.5),
    insertion=st.floats(-180, 180),
    septum_turn=st.sampled_from([-1, 1]),
)
def test_any_ring(a, flat, wall, turn, shift, across, insertion, septum_turn):
    spacing = (across, 1 / across)
    center = (SIZE / 2 + shift[0]) * spacing[0], (SIZE / 2 + shift[1]) * spacing[1]
    ring = Ring(center, a, a / flat, turn, wall, spacing)
    found = measure_indices(ring.labels(), spacing, insertion, septum_turn)
    errors = np.abs(ring.errors_px(found.vector(), insertion, septum_turn))
    assert errors[:2].max() < 0.2
    assert errors[2:5].max() < 0.9
    assert errors[5:].max() < 0.6


def test_sectors_follow_the_septum_from_the_insertion():
    # Usual display: anterior insertion above at the left, septum at the left, inferior below.
    middles = {name: region_deg(name, -120.0) % 360 for name in REGIONS}
    assert middles == {"AS": 210, "IS": 150, "I": 90, "IL": 30, "AL": 330, "A": 270}
    mirrored = {name: region_deg(name, -60.0, 1) % 360 for name in REGIONS}
    assert mirrored == {"AS": 330, "IS": 30, "I": 90, "IL": 150, "AL": 210, "A": 270}


def test_a_thick_sector_is_found_where_it_is():
    j, i = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(i - 48, j - 48)
    angle = np.rad2deg(np.arctan2(j - 48, i - 48)) % 360
    # Inferior wall of the usual display: 60° to 120°, image rows run down.
    outer = np.where((angle > 60) & (angle < 120), 24, 18)
    labels = np.where(distance < 12, CAVITY, np.where(distance < outer, MYOCARDIUM, 0))
    thickness = dict(
        zip(REGIONS, measure_indices(labels, (1.0, 1.0), -120).thickness_mm, strict=True)
    )
    assert max(thickness, key=thickness.get) == "I"
    assert thickness["I"] > 10 > 7.5 > thickness["A"]


def test_an_open_wall_has_no_thickness_there():
    ring = Ring((48.2, 47.7), 14, 13, 20, 7, (1.0, 1.0))
    labels = ring.labels()
    j, i = np.mgrid[:SIZE, :SIZE]
    angle = np.rad2deg(np.arctan2(j - 47.7, i - 48.2)) % 360
    labels[(labels == MYOCARDIUM) & (np.abs(angle - 330) < 28)] = 0
    found = measure_indices(labels, (1.0, 1.0), -120)
    assert [t is None for t in found.thickness_mm] == [r == "AL" for r in REGIONS]
    told = np.array([t for t in found.thickness_mm if t is not None])
    expected = np.delete(ring.truth(-120, -1)[5:], 3)
    assert np.abs(told - expected).max() < 0.3
    drawn = float((labels == MYOCARDIUM).sum())
    assert found.myocardium_area_mm2 == pytest.approx(drawn, rel=0.03)
    assert found.cavity_area_mm2 == pytest.approx(np.pi * 14 * 13, rel=0.02)


def test_cavity_alone_and_nothing_at_all():
    ring = Ring((40.0, 50.0), 12, 12, 0, 6, (1.2, 1.2))
    labels = ring.labels()
    labels[labels == MYOCARDIUM] = 0
    found = measure_indices(labels, (1.2, 1.2), 0)
    assert found.myocardium_area_mm2 is None
    assert found.thickness_mm == (None,) * 6
    assert np.isnan(found.vector()[[1, 5, 10]]).all()
    assert len(found.vector()) == len(INDEX_NAMES) == 11
    assert measure_indices(np.where(labels == 0, MYOCARDIUM, 0), (1.2, 1.2), 0) is None
    assert measure_indices(np.zeros((9, 9), np.uint8), (1.0, 1.0), 0) is None


def test_a_cavity_of_one_pixel_and_one_at_the_edge():
    labels = np.zeros((20, 20), np.uint8)
    labels[7, 9] = CAVITY
    assert measure_indices(labels, (1.0, 1.0), 0).cavity_area_mm2 == pytest.approx(1, abs=0.6)
    labels[:6, :6] = CAVITY
    assert measure_indices(labels, (1.0, 1.0), 0).cavity_area_mm2 == pytest.approx(36, abs=3)


def test_specks_and_other_labels_change_nothing():
    ring = Ring((48.0, 48.0), 13, 11, 60, 6, (1.0, 1.0))
    labels = ring.labels()
    expected = measure_indices(labels, (1.0, 1.0), 10).vector()
    labels[3:6, 3:6] = CAVITY
    labels[80:84, 80:84] = MYOCARDIUM
    labels[10:20, 60:70] = 3
    np.testing.assert_allclose(measure_indices(labels, (1.0, 1.0), 10).vector(), expected)


def test_what_is_no_star_keeps_its_pixels():
    j, i = np.mgrid[:SIZE, :SIZE]
    region = (np.hypot(i - 48, j - 48) < 30) & ~(np.hypot(i - 48, j - 40) < 24)
    region &= j > 40
    outline = outline_ventricle(np.where(region, CAVITY, 0), (1.0, 1.0))
    assert not outline.endocardium.smooth
    assert outline.endocardium.area_mm2 == region.sum()


def test_the_area_is_that_of_the_curve():
    disc = np.hypot(*np.mgrid[-20:21, -20:21]) < 15
    contour = fit_contour(disc, (1.0, 1.0), (20.0, 20.0))
    assert contour.area_mm2 == pytest.approx(polar_area_mm2(contour.radius_mm))
    points = contour.points_mm()
    x, y = points[:, 0], points[:, 1]
    shoelace = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    assert shoelace == pytest.approx(contour.area_mm2, rel=1e-3)


def test_the_drawing_shows_what_was_measured():
    spacing = (0.9, 1.5)
    ring = rings(3, spacing)[2]
    outline = outline_ventricle(ring.labels(), spacing)
    drawing, found = draw_outline(outline, -110), indices_of(outline, -110)
    lengths = [float(np.hypot(*((d[1] - d[0]) * spacing))) for d in drawing.dimensions]
    np.testing.assert_allclose(lengths, found.dimensions_mm)
    np.testing.assert_allclose(drawing.center * spacing, ring.center, atol=0.1)
    way = (drawing.borders[0][0] - drawing.center) * spacing
    assert np.rad2deg(np.arctan2(way[1], way[0])) == pytest.approx(-110)
    assert len(drawing.borders) == 6
    assert set(drawing.region_places) == set(REGIONS)
