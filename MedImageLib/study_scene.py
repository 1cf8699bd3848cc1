"""The scene of one study: image, segmentation, measured lines and numbers, as a .mrb bundle.

Each module hands over its own types here; MRML stays in `nodes` and `headless`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.results import Result
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume, VolumeSequence

# Slicer makes the surfaces of a loaded scene anew, which takes seconds for a whole CT.
_MOST_VOXELS_WITH_SURFACES = 10_000_000


@dataclass(frozen=True)
class SceneTable:
    """A table of rows; units: by column.

    chart: columns that a chart shows over the column `over`; none without.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    units: Mapping[str, str] = field(default_factory=dict)
    over: str = ""
    chart: tuple[str, ...] = ()


def write_study_scene(
    path: Path,
    image: Volume | VolumeSequence,
    labels: Sequence[Volume],
    structures: Mapping[int, str],
    result: Result,
    name: str,
    shown_frame: int = 0,
    others: Mapping[str, Volume] | None = None,
    tables: Sequence[SceneTable] = (),
) -> Path:
    """Write a scene that opens in Slicer with everything in one folder of the study.

    labels: one label map on the grid of the image, or one for each frame of a sequence, which
    opens at `shown_frame`. structures: label value → structure name. others: further volumes by
    name. tables: further tables, some with a chart. Lines of the result are drawn by their
    indices, so that they lie on the image also where no millimeters are known. Surfaces of a large
    image's segments are left to whoever looks at them in 3-D, so that the scene opens at once.
    """
    from MedImageLib.headless import HeadlessApplication, save_scene
    from MedImageLib.nodes import add_folder, add_table, add_volume, place_in_folder, segment_of

    segments = [segment_of(structure(word), value) for value, word in structures.items()]
    flat = labels[0].array.shape[0] == 1
    solid = not flat and labels[0].array.size <= _MOST_VOXELS_WITH_SURFACES
    with HeadlessApplication() as application:
        scene = application.scene
        if isinstance(image, VolumeSequence):
            nodes = _sequence_nodes(scene, image, labels, segments, name, shown_frame)
        else:
            nodes = _volume_nodes(scene, image, labels[0], segments, name, with_surfaces=solid)
        nodes += [add_volume(scene, volume, word) for word, volume in (others or {}).items()]
        nodes += _lines(scene, labels[0], result)
        rows = [{"name": v.name, "value": v.value, "unit": v.unit} for v in result.values]
        if rows:
            nodes.append(add_table(scene, rows, f"{name} measurements"))
        for table in tables:
            nodes += _table_nodes(scene, table)
        place_in_folder(scene, nodes, add_folder(scene, name))
        if isinstance(image, VolumeSequence):
            # Without the application nobody else brings the shown frame up to date.
            application.module_logics["Sequences"].UpdateAllProxyNodes()
        application.show(nodes[0], single_view=flat)
        return save_scene(application, path)


def _volume_nodes(
    scene: Any, image: Volume, labels: Volume, segments: list, name: str, with_surfaces: bool
) -> list[Any]:
    """The volume first, then its segmentation."""
    from MedImageLib.nodes import add_segmentation, add_volume

    node = add_volume(scene, image, name)
    words = f"{name} segmentation"
    return [
        node,
        add_segmentation(
            scene, labels, segments, words, reference_node=node, with_surfaces=with_surfaces
        ),
    ]


def _sequence_nodes(
    scene: Any,
    image: VolumeSequence,
    labels: Sequence[Volume],
    segments: list,
    name: str,
    shown_frame: int,
) -> list[Any]:
    """The shown volume first, then its sequence, browser and segmentations."""
    from MedImageLib.nodes import add_segmentation_sequence, add_volume_sequence

    sequence, browser, volume_node = add_volume_sequence(scene, image, name)
    added = add_segmentation_sequence(
        scene, labels, segments, sequence, browser, f"{name} segmentation"
    )
    browser.SetSelectedItemNumber(shown_frame)
    return [volume_node, sequence, browser, *added]


def _table_nodes(scene: Any, table: SceneTable) -> list[Any]:
    from MedImageLib.nodes import add_chart, add_table

    node = add_table(scene, table.rows, table.name, units=table.units)
    if not table.chart:
        return [node]
    return [node, *add_chart(scene, node, table.over, table.chart, f"{table.name} chart")]


def _lines(scene: Any, grid: Volume, result: Result) -> list[Any]:
    from MedImageLib.nodes import add_line

    return [
        add_line(
            scene,
            grid.geometry.points_mm(np.array(shape.points_ijk)),
            f"{value.name} {shape.label}".strip(),
        )
        for value in result.values
        for shape in value.geometry
        if shape.kind == "line" and len(shape.points_ijk) == 2
    ]
