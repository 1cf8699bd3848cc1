"""Shapes of a result on an oblique grid, renewed and not piled up."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.geometry import Geometry
from MedImageLib.nodes import add_line, box_of, draw, points_of, remove_role
from MedImageLib.results import Measurement, Shape

TURN = np.deg2rad(30)
OBLIQUE = Geometry(
    (1, 50, 60),
    (0.5, 2.0, 3.0),
    (10.0, -20.0, 5.0),
    ((np.cos(TURN), -np.sin(TURN), 0.0), (np.sin(TURN), np.cos(TURN), 0.0), (0.0, 0.0, 1.0)),
)
ROLE = "Test.Drawing"


def value(kind, points, label=""):
    return Measurement(
        "width", 3.0, "mm", geometry=(Shape(kind, points_ijk=tuple(points), label=label),)
    )


def test_a_line_lies_where_it_was_measured(application):
    [node] = draw(application.scene, [value("line", [(2, 3, 0), (12, 3, 0)])], OBLIQUE, ROLE)
    assert points_of(node) == pytest.approx(OBLIQUE.points_mm(np.array([(2, 3, 0), (12, 3, 0)])))
    assert node.GetAttribute(ROLE) == "width"
    assert node.GetName() == "width"


def test_a_box_is_turned_with_the_grid(application):
    coin = value("box", [(10, 5), (30, 15)], "coin")
    [node] = draw(application.scene, [coin], OBLIQUE, ROLE)
    assert node.GetName() == "coin"
    center, size, _ = box_of(node)
    assert center == pytest.approx(OBLIQUE.points_mm(np.array([(20, 10, 0)]))[0])
    assert sorted(size) == pytest.approx(sorted((20 * 0.5, 10 * 2.0, 3.0)))


@pytest.mark.parametrize(
    ("kind", "class_name"),
    [("polyline", "vtkMRMLMarkupsCurveNode"), ("polygon", "vtkMRMLMarkupsClosedCurveNode")],
)
def test_outlines_go_through_their_points_and_cannot_be_moved(application, kind, class_name):
    corners = [(2, 3, 0), (12, 3, 0), (12, 9, 0)]
    [node] = draw(application.scene, [value(kind, corners)], OBLIQUE, ROLE)
    assert node.GetClassName() == class_name
    assert points_of(node) == pytest.approx(OBLIQUE.points_mm(np.array(corners)))
    sides = [5.0, 12.0] + ([13.0] if kind == "polygon" else [])
    assert node.GetCurveLengthWorld() == pytest.approx(sum(sides), rel=0.01)
    assert node.GetLocked()


def test_a_point_is_named(application):
    [node] = draw(application.scene, [value("point", [(2, 3, 0)], "apex")], OBLIQUE, ROLE)
    assert points_of(node) == pytest.approx(OBLIQUE.points_mm(np.array([(2, 3, 0)])))
    assert node.GetNthControlPointLabel(0) == "apex"


def test_each_run_takes_the_place_of_the_one_before_and_of_nothing_else(application):
    scene = application.scene
    own = add_line(scene, np.zeros((2, 3)), "drawn by a person")
    lines = [value("line", [(0, 0, 0), (1, 0, 0)]), value("line", [(0, 1, 0), (1, 1, 0)])]
    draw(scene, lines, OBLIQUE, ROLE)
    draw(scene, lines, OBLIQUE, ROLE)
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 3
    remove_role(scene, ROLE)
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 1
    assert scene.GetNodeByID(own.GetID()) is not None
