"""The scene of one study: image, segmentation, measured lines and numbers, as a .mrb bundle.

Each module hands over its own types here; MRML stays in `nodes` and `headless`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from MedImageLib.results import Result
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume, VolumeSequence


def write_study_scene(
    path: Path,
    image: Volume | VolumeSequence,
    labels: Volume,
    structures: Mapping[int, str],
    result: Result,
    name: str,
    shown_frame: int = 0,
    others: Mapping[str, Volume] | None = None,
) -> Path:
    """Write a scene that opens in Slicer with everything in one folder of the study.

    labels: on the grid of the image; for a sequence, of the frame `shown_frame`.
    structures: label value → structure name. others: further volumes by name. Lines of the result are drawn by their indices, so
    that they lie on the image also where no millimeters are known.
    """
    from MedImageLib.headless import HeadlessApplication, save_scene
    from MedImageLib.nodes import (
        add_folder,
        add_line,
        add_segmentation,
        add_table,
        add_volume,
        add_volume_sequence,
        place_in_folder,
        segment_of,
    )

    segments = [segment_of(structure(word), value) for value, word in structures.items()]
    with HeadlessApplication() as application:
        scene = application.scene
        nodes = []
        if isinstance(image, VolumeSequence):
            sequence, browser, volume_node = add_volume_sequence(scene, image, name)
            browser.SetSelectedItemNumber(shown_frame)
            nodes += [sequence, browser, volume_node]
        else:
            volume_node = add_volume(scene, image, name)
            nodes.append(volume_node)
        nodes += [add_volume(scene, volume, word) for word, volume in (others or {}).items()]
        flat = labels.array.shape[0] == 1
        nodes.append(
            add_segmentation(
                scene,
                labels,
                segments,
                f"{name} segmentation",
                reference_node=volume_node,
                with_surfaces=not flat,
            )
        )
        for value in result.values:
            for shape in value.geometry:
                if shape.kind == "line" and len(shape.points_ijk) == 2:
                    points = labels.geometry.points_mm(np.array(shape.points_ijk))
                    nodes.append(add_line(scene, points, f"{value.name} {shape.label}".strip()))
        rows = [{"name": v.name, "value": v.value, "unit": v.unit} for v in result.values]
        if rows:
            nodes.append(add_table(scene, rows, f"{name} measurements"))
        place_in_folder(scene, nodes, add_folder(scene, name))
        application.show(volume_node, single_view=flat)
        return save_scene(application, path)
