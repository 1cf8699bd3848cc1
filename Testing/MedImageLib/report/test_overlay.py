"""Pictures: aspect, outlines, scale bar, letters and measures lie where they belong."""

from __future__ import annotations

import doctest
import io
import itertools
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from MedImageLib.report import canvas
from MedImageLib.report.canvas import PALETTE, Box, Line, Path, Text, scale_bar_mm
from MedImageLib.report.overlay import overlay_picture


def drawn(*arguments: Any, **options: Any) -> np.ndarray:
    """The picture as an array (row, column, 3)."""
    options = {"spacing_mm": (1.0, 1.0), "window": (0, 255), "size_px": 400} | options
    return np.asarray(Image.open(io.BytesIO(overlay_picture(*arguments, **options))), int)


def near(picture: np.ndarray, color: str, tolerance: int = 40) -> np.ndarray:
    return np.abs(picture - np.array(ImageColor.getrgb(color))).max(axis=2) <= tolerance


GRAY = np.full((40, 40), 100.0)


def square(low: int = 10, high: int = 30) -> np.ndarray:
    labels = np.zeros((40, 40), np.uint8)
    labels[low:high, low:high] = 1
    return labels


@pytest.mark.parametrize(
    ("shape", "spacing", "size"),
    [
        ((40, 40), (1.0, 1.0), (400, 400)),
        ((40, 20), (1.0, 1.0), (400, 200)),
        ((40, 20), (2.0, 1.0), (400, 400)),
        ((20, 40), (1.0, 5.0), (400, 160)),
        ((20, 40), None, (200, 400)),
        ((1, 1000), (1.0, 1.0), (1, 400)),
    ],
)
def test_the_aspect_is_the_physical_one(shape: tuple, spacing: Any, size: tuple) -> None:
    assert drawn(np.zeros(shape), spacing_mm=spacing).shape[:2] == size


def test_paths_lie_at_their_places_and_break_where_they_say() -> None:
    points = np.array([(4.5, 9.5), (14.5, 9.5), (np.nan, np.nan), (24.5, 9.5), (34.5, 9.5)])
    picture = drawn(GRAY, paths=[Path(points, color="#E69F00")])
    rows, columns = np.nonzero(near(picture, "#E69F00"))
    assert rows.mean() == pytest.approx(100, abs=1.5)
    assert not ((columns > 160) & (columns < 240)).any()
    assert (columns.min(), columns.max()) == pytest.approx((50, 350), abs=3)


def test_named_paths_come_into_the_legend_once() -> None:
    points = np.array([(4.0, 9.0), (14.0, 9.0)])
    bare = drawn(GRAY, paths=[Path(points)])
    one = drawn(GRAY, paths=[Path(points, "endocardium")])
    twice = drawn(GRAY, paths=[Path(points, "endocardium"), Path(points + 5, "endocardium")])
    other = drawn(GRAY, paths=[Path(points, "endocardium"), Path(points, "epicardium")])
    assert bare.shape[0] == 400 < one.shape[0]
    assert np.array_equal(twice[400:], one[400:])
    assert not np.array_equal(other[400:], one[400:])


def test_texts_are_centered_on_their_places() -> None:
    picture = drawn(GRAY, texts=[Text((29.5, 9.5), "X", "#F0E442")])
    rows, columns = np.nonzero(near(picture, "#F0E442", 60))
    assert (rows.mean(), columns.mean()) == pytest.approx((100, 300), abs=3)


def test_structures_are_outlined_at_their_border_and_not_filled() -> None:
    picture = drawn(GRAY, square(), names={1: "heart"})
    outline = near(picture, PALETTE[0])[:400]  # above the legend
    rows, columns = np.nonzero(outline)
    # Pixels 10..29 of ten picture pixels each: the border lies at 100 and 300.
    assert (rows.min(), rows.max()) == pytest.approx((100, 300), abs=3)
    assert (columns.min(), columns.max()) == pytest.approx((100, 300), abs=3)
    assert (picture[110:290, 110:290] == 100).all()
    assert picture.shape[0] > 400


@pytest.mark.parametrize("edge", [(0, 40), (0, 20), (20, 40)])
def test_outlines_close_at_the_edge_of_the_image(edge: tuple[int, int]) -> None:
    picture = drawn(GRAY, square(*edge))
    outline = near(picture, PALETTE[0])[:400]
    place = np.clip([edge[0] * 10, edge[1] * 10 - 1], 1, 398)
    middle = sum(edge) * 5
    for at in place:
        assert outline[max(at - 3, 0) : at + 4, middle].any()
        assert outline[middle, max(at - 3, 0) : at + 4].any()


def test_structures_differ_by_dashes_and_numbers_not_by_color_alone() -> None:
    labels = np.zeros((40, 40), int)
    labels[5:35, 3:18], labels[5:35, 22:37] = 2, 7
    one = "#56B4E9"
    picture = drawn(GRAY, labels, colors={2: one, 7: one}, names={2: "a", 7: "b"})
    runs = []
    for column in (30, 220):  # left borders of the two
        line = near(picture, one)[80:330, column - 2 : column + 3].any(axis=1)
        runs.append(len(list(itertools.groupby(line))))
    assert runs[0] == 1
    assert runs[1] > 5


@pytest.mark.parametrize(("spacing", "bar_px"), [(1.0, 100), (0.5, 100), (3.0, 66.7)])
def test_the_scale_bar_is_as_long_as_it_says(spacing: float, bar_px: float) -> None:
    black = np.zeros((40, 40))
    picture = drawn(black, spacing_mm=(spacing, spacing))
    bare = drawn(black, spacing_mm=None)
    length_mm = scale_bar_mm(40 * spacing)
    assert length_mm / (40 * spacing) * 400 == pytest.approx(bar_px, abs=0.1)
    white = near(picture, "#FFFFFF", 80)[380:]
    columns = np.nonzero(white.any(axis=0))[0]
    assert np.ptp(columns) == pytest.approx(bar_px, abs=4)
    assert np.abs(picture - bare)[340:].any()


@pytest.mark.parametrize("options", [{"spacing_mm": None}, {"spacing_known": False}])
def test_no_bar_without_known_spacing(options: dict) -> None:
    picture = near(drawn(np.zeros((40, 40)), **options), "#FFFFFF", 80)
    longest = max(
        sum(1 for _ in run) for row in picture for value, run in itertools.groupby(row) if value
    )
    assert picture.any()  # the words `no scale`
    assert longest < 20


def test_letters_stand_at_the_middle_of_their_edge() -> None:
    black = np.zeros((40, 40))
    for number, (rows, columns) in enumerate(
        [((170, 230), (0, 60)), ((170, 230), (340, 400)), ((0, 60), (170, 230)),
         ((340, 400), (170, 230))]
    ):  # fmt: skip
        letters: Any = ["", "", "", ""]
        letters[number] = "R"
        changed = (drawn(black, letters=tuple(letters)) != drawn(black)).any(axis=2)
        where = np.nonzero(changed)
        assert changed.any()
        assert rows[0] <= where[0].min() <= where[0].max() < rows[1]
        assert columns[0] <= where[1].min() <= where[1].max() < columns[1]


def test_measured_lines_end_where_they_were_measured() -> None:
    picture = drawn(np.zeros((40, 40)), lines=[Line((4.5, 9.5), (29.5, 9.5), color="#F0E442")])
    rows, columns = np.nonzero(near(picture, "#F0E442"))
    assert (columns.min(), columns.max()) == pytest.approx((50, 300), abs=3)
    assert rows.mean() == pytest.approx(100, abs=2)


def test_boxes_lie_at_their_corners() -> None:
    picture = drawn(np.zeros((40, 40)), boxes=[Box((9.5, 4.5), (29.5, 19.5))])
    rows, columns = np.nonzero(near(picture, "#F0E442"))
    assert (columns.min(), columns.max()) == pytest.approx((100, 300), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((50, 200), abs=3)


def test_texts_stay_inside_of_the_picture() -> None:
    lines = [Line((0, 0), (39, 0), "top"), Line((39, 0), (39, 39), "right"), Line((2, 2), (2, 2))]
    boxes = [Box((0, 0), (39, 39), "whole"), Box((38, 38), (60, 60), "long text at the corner")]
    picture = drawn(np.zeros((40, 40)), lines=lines, boxes=boxes)
    assert picture.shape == (400, 400, 3)


def test_many_structures_have_a_legend_of_many_rows() -> None:
    labels = np.arange(1600).reshape(40, 40) // 60
    picture = drawn(GRAY, labels, names={1: "n" * 300, 2: "<&>é中"})
    assert picture.shape[0] > 500
    assert picture.shape[1] == 400


@pytest.mark.parametrize(
    "image",
    [
        np.full((8, 8), np.nan),
        np.full((8, 8), 5),
        np.zeros((8, 8), bool),
        np.full((8, 8), 2**15, np.uint16),
        np.full((8, 8, 3), 200, np.uint8),
    ],
)
def test_odd_images_are_shown(image: np.ndarray) -> None:
    assert drawn(image, window=None).shape == (400, 400, 3)


def test_the_window_is_kept() -> None:
    image = np.repeat([[-1000.0, -100.0, 0.0, 100.0]], 4, axis=0)
    picture = drawn(image, window=(-100, 100), spacing_mm=None)
    assert picture[50, [50, 150, 250, 350], 0] == pytest.approx([0, 0, 128, 255], abs=2)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        overlay_picture(np.zeros((4, 4)), np.zeros((4, 5), int), spacing_mm=None)
    with pytest.raises(ValueError, match="do not fit"):
        overlay_picture(np.zeros(4), spacing_mm=None)


def test_equal_pictures_are_equal_bytes() -> None:
    options: Any = {"spacing_mm": (1.0, 1.0), "letters": ("R", "L", "A", "P")}
    assert overlay_picture(GRAY, square(), **options) == overlay_picture(GRAY, square(), **options)


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(canvas).attempted == 1
    assert doctest.testmod(canvas).failed == 0


def test_an_outline_is_the_same_wherever_in_the_picture_its_structure_lies() -> None:
    small, large = np.zeros((12, 9), bool), np.zeros((60, 50), bool)
    small[2:9, 1:7], small[4:6, 3:5] = True, False
    large[20:32, 30:39] = small
    pen = canvas.Canvas(None, (1.0, 1.0), (50, 60), 768)  # type: ignore[arg-type]
    moved = [[(x + 30, y + 20) for x, y in line] for line in pen.contours(small)]
    assert pen.contours(large) == moved
    assert len(moved) == 2
    assert pen.contours(np.zeros((5, 5), bool)) == []
