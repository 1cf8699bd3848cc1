"""Nodes by role, and results that travel with the scene."""

from __future__ import annotations

import numpy as np

from MedImageLib.nodes import (
    add_bars,
    add_folder,
    add_line,
    add_table,
    give_role,
    nodes_of_role,
    place_beside,
    place_in_folder,
    remove_role,
    set_result,
    stored_result,
)
from MedImageLib.results import InputIdentity, Measurement, Result, Shape

ROLE = "Test.Role"
RESULT = Result(
    module="MedImageMetric",
    task="metric",
    inputs=(InputIdentity("0" * 64, "DX", (1, 4, 4), None),),
    values=(Measurement("width", 3.0, "mm", geometry=(Shape("point", points_ijk=((1, 2),)),)),),
)


def test_a_role_is_removed_with_what_shows_and_stores_its_nodes(scene):
    other = add_table(scene, [{"a": 1}], "other")
    before = scene.GetNumberOfNodes()
    line = add_line(scene, np.array([[0.0, 0, 0], [1, 0, 0]]), "line")
    table = add_table(scene, [{"a": 1}], "table")
    table.AddDefaultStorageNode()
    give_role([line, table], ROLE)
    assert set(nodes_of_role(scene, ROLE)) == {line, table}
    assert nodes_of_role(scene, ROLE, "vtkMRMLTableNode") == [table]
    remove_role(scene, ROLE)
    assert scene.GetNumberOfNodes() == before
    assert scene.GetNodeByID(other.GetID()) is other


def test_a_result_is_read_back_as_it_was(scene):
    node = add_table(scene, [{"a": 1}], "table")
    assert stored_result(node) is None
    set_result(node, RESULT)
    assert stored_result(node) == RESULT
    node.SetAttribute("MedImage.Result", '{"schema_version": "99.0"}')
    assert stored_result(node) is None
    set_result(node, None)
    assert stored_result(node) is None
    assert stored_result(None) is None


def test_bars_have_upright_marks(scene):
    rows = [{"score": 0.5, "scans": 3}, {"score": 1.5, "scans": 8}]
    chart, *_ = add_bars(scene, rows, "score", "scans", {"this scan": 1.2}, "scores")
    bars, mark = (chart.GetNthPlotSeriesNode(n) for n in range(2))
    assert bars.GetPlotTypeAsString(bars.GetPlotType()) == "ScatterBar"
    table = mark.GetTableNode().GetTable()
    assert [table.GetValue(n, 0).ToDouble() for n in range(2)] == [1.2, 1.2]
    assert [table.GetValue(n, 1).ToDouble() for n in range(2)] == [0.0, 8.0]


def test_what_was_made_lies_beside_what_it_was_made_of(scene):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    scan, made = (add_table(scene, [{"a": 1}], name) for name in ("scan", "made"))
    place_beside(scene, [made], scan)
    assert not hierarchy.GetItemByDataNode(made), "the scan lies nowhere"
    folder = add_folder(scene, "study")
    place_in_folder(scene, [scan], folder)
    place_beside(scene, [made], scan)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(made)) == folder
