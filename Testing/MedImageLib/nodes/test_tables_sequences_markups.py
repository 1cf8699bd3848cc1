from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.nodes import (
    Segment,
    add_box,
    add_chart,
    add_folder,
    add_line,
    add_linear_transform,
    add_points,
    add_segmentation_sequence,
    add_table,
    add_volume,
    add_volume_sequence,
    box_of,
    place_in_folder,
    points_of,
    remove_node,
    rows_of,
    segmentation_labels,
    segmentation_sequence_labels,
    update_table,
    volume_sequence_of,
)
from MedImageLib.volume import Volume, VolumeSequence

ROWS = [
    {"frame": 0, "area_mm2": 12.5, "phase": "end-diastole", "assessable": True},
    {"frame": 1, "area_mm2": None, "phase": "", "assessable": False},
    {"frame": -(2**40), "area_mm2": 1e-9, "phase": 'é, "quoted";\t2', "assessable": True},
]


def test_rows_come_back_with_their_types(scene):
    node = add_table(scene, ROWS, "indices", units={"area_mm2": "mm2"})
    back = rows_of(node)
    assert back == ROWS
    assert [type(value) for value in back[0].values()] == [int, float, str, bool]
    assert node.GetColumnUnitLabel("area_mm2") == "mm2"


def test_a_table_is_renewed(scene):
    node = add_table(scene, ROWS, "indices")
    update_table(node, [{"ratio": 0.5}])
    assert rows_of(node) == [{"ratio": 0.5}]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([{"a": 1}, {"b": 2.5}], [{"a": 1.0, "b": None}, {"a": None, "b": 2.5}]),
        ([{"a": None}, {"a": "x"}], [{"a": ""}, {"a": "x"}]),
    ],
)
def test_rows_with_gaps(scene, rows, expected):
    assert rows_of(add_table(scene, rows, "gaps")) == expected


def test_mixed_columns_are_refused(scene):
    with pytest.raises(InputError, match="column size mixes"):
        add_table(scene, [{"size": 1}, {"size": "large"}], "mixed")


def test_a_chart_shows_columns_of_a_table(scene):
    rows = [{"time": 40.0 * n, "volume": 100.0 - n} for n in range(3)]
    table = add_table(scene, rows, "volumes", units={"time": "ms", "volume": "mL"})
    chart, line = add_chart(scene, table, "time", ["volume"], "beat")
    assert chart.GetNthPlotSeriesNode(0) == line
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("time (ms)", "volume (mL)")
    assert line.GetTableNode() == table
    assert (line.GetXColumnName(), line.GetYColumnName()) == ("time", "volume")
    with pytest.raises(InputError, match="no column mass; it has time, volume"):
        add_chart(scene, table, "time", ["mass"], "beat")


def cine(grid) -> VolumeSequence:
    rng = np.random.default_rng(2)
    frames = tuple(
        Volume(rng.integers(0, 900, grid.shape, dtype=np.int16), grid, modality="MR")
        for _ in range(4)
    )
    remarks = (Remark("unequal-frames", "One frame is 3 ms late: 4|5."),)
    return VolumeSequence(frames, (0.0, 33.3, 66.25, 100.1), "trigger time", "ms", remarks)


def test_sequence_comes_back(scene, grid):
    sequence = cine(grid)
    node, _, _ = add_volume_sequence(scene, sequence, "cine")
    back = volume_sequence_of(node)
    assert np.array_equal(back.array, sequence.array)
    assert back.index_values == sequence.index_values
    assert (back.index_name, back.index_unit) == ("trigger time", "ms")
    assert back.remarks == sequence.remarks
    assert back.frames[2].geometry.same_grid(grid)
    assert back.frames[2].modality == "MR"


def test_the_proxy_shows_the_selected_frame(scene, application, grid):
    import slicer

    sequence = cine(grid)
    _, browser, proxy = add_volume_sequence(scene, sequence, "cine")
    for frame in (0, 3, 1):
        browser.SetSelectedItemNumber(frame)
        application.module_logics["Sequences"].UpdateAllProxyNodes()
        shown = slicer.util.arrayFromVolume(proxy)
        assert np.array_equal(shown, sequence.frames[frame].array)
    assert proxy.GetName() == "cine"


def test_segmentations_run_along_with_the_frames(scene, application, grid):
    sequence = cine(grid)
    node, browser, _ = add_volume_sequence(scene, sequence, "cine")
    labels = [
        frame.with_array((frame.array > 450).astype(np.uint8), is_labelmap=True)
        for frame in sequence.frames
    ]
    cavity = [Segment("cavity", 1)]
    stored, proxy = add_segmentation_sequence(scene, labels, cavity, node, browser, "ventricle")
    back = segmentation_sequence_labels(stored, grid, ["cavity"])
    assert all(np.array_equal(a.array, b.array) for a, b in zip(back, labels, strict=True))
    with pytest.raises(InputError, match="no segment named wall"):
        segmentation_sequence_labels(stored, grid, ["wall"])
    for frame in (2, 0, 3):
        browser.SetSelectedItemNumber(frame)
        application.module_logics["Sequences"].UpdateAllProxyNodes()
        assert np.array_equal(segmentation_labels(proxy).array, labels[frame].array)
    with pytest.raises(InputError, match="1 label maps for the 4 frames"):
        add_segmentation_sequence(scene, labels[:1], cavity, node, browser, "short")


def test_sequences_that_are_none_are_refused(scene):
    empty = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "empty one")
    with pytest.raises(InputError, match="empty one is empty"):
        volume_sequence_of(empty)
    transform = add_linear_transform(scene, np.eye(4), "t")
    empty.SetDataNodeAtValue(transform, "0")
    with pytest.raises(InputError, match="expected a vtkMRMLScalarVolumeNode"):
        volume_sequence_of(empty)
    named = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "named")
    named.SetDataNodeAtValue(transform, "systole")
    with pytest.raises(InputError, match="no numbers"):
        volume_sequence_of(named)


def test_points_and_line_come_back_and_the_line_is_as_long(scene):
    points = np.array([[10.0, -20.0, 30.0], [13.0, -16.0, 42.0]])
    line = add_line(scene, points, "diameter")
    assert np.allclose(points_of(line), points)
    assert line.GetLineLengthWorld() == pytest.approx(13.0)
    listed = add_points(scene, points, "landmarks", labels=("carina", "apex"))
    assert np.allclose(points_of(listed), points)
    assert listed.GetNthControlPointLabel(1) == "apex"
    assert line.GetNthControlPointPosition(0) == pytest.approx((-10, 20, 30))
    with pytest.raises(GeometryError, match="two points"):
        add_line(scene, points[:1], "half")


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_box_comes_back(scene, mirror):
    axes = Rotation.from_euler("zyx", (20, 30, -50), degrees=True).as_matrix()
    axes = axes * np.array([1.0, 1.0, mirror])
    center, size = np.array([10.0, -20.0, 30.0]), np.array([40.0, 20.0, 10.0])
    node = add_box(scene, center, size, "heart", axes)
    found_center, found_size, found_axes = box_of(node)
    assert np.allclose(found_center, center)
    assert np.allclose(found_size, size)
    assert np.allclose(np.abs(np.sum(found_axes * axes, axis=0)), 1)
    bounds = np.zeros(6)
    node.GetRASBounds(bounds)
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T * size / 2
    expected = (corners @ axes.T + center) * (-1, -1, 1)
    assert np.allclose(bounds[::2], expected.min(axis=0))
    assert np.allclose(bounds[1::2], expected.max(axis=0))
    with pytest.raises(GeometryError, match="positive"):
        add_box(scene, center, (1, 0, 1), "flat")


def test_nodes_lie_in_their_folder_once(scene, grid):
    import slicer

    nodes = [add_volume(scene, Volume(np.zeros(grid.shape), grid), name) for name in "ab"]
    folder = add_folder(scene, "study 1")
    place_in_folder(scene, nodes, folder)
    place_in_folder(scene, nodes, add_folder(scene, "study 1"))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    children: list[int] = []
    hierarchy.GetItemChildren(folder, children)
    assert [hierarchy.GetItemName(item) for item in children] == ["a", "b"]


def test_a_node_is_removed_with_what_belongs_to_it(scene, grid):
    before = scene.GetNumberOfNodes()
    line = add_line(scene, np.zeros((2, 3)), "width")
    line.AddDefaultStorageNode()
    image = add_volume(scene, Volume(np.zeros(grid.shape), grid), "image")
    for node in (line, image):
        remove_node(scene, node)
    assert scene.GetNumberOfNodes() == before
