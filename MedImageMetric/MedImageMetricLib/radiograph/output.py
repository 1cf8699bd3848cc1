"""Result, pictures, label map, report and scene of one radiograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.report import Picture, report_of, write_report
from MedImageLib.report.overlay import Line, overlay_picture
from MedImageLib.results import (
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Shape,
    Timing,
    input_identity,
)
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.radiograph.segmentation import RadiographSegmentation

ENLARGED_ABOVE = 0.50


def write_outputs(
    folder: Path, volume: Volume, found: RadiographSegmentation, settings: Any
) -> Result:
    """Write all files but result.json into the folder and return the result."""
    result = result_of(volume, found, settings)
    plane = found.labels.array[0]
    with finished_file(folder / "labels.png") as temporary:
        from PIL import Image

        Image.fromarray(plane).save(temporary)
    across, down, _ = volume.geometry.spacing_mm
    overlay = overlay_picture(
        volume.array[0],
        plane,
        spacing_mm=(across, down),
        spacing_known=volume.geometry.spacing_known,
        names=found.model.structures,
        lines=[
            Line((start[0], start[1]), (end[0], end[1]), text) for start, end, text in _lines(found)
        ],
        # The network finds sides as one faces the patient; elsewhere nothing is claimed.
        letters=("R", "L", "H", "F") if found.is_chest else None,
    )
    with finished_file(folder / "overlay.png") as temporary:
        temporary.write_bytes(overlay)
    from MedImageLib.terminology import structure
    from MedImageLib.writing.nrrd import write_segmentation

    segments = {value: structure(name) for value, name in found.model.structures.items()}
    write_segmentation(found.labels, segments, folder / "labels.seg.nrrd")
    picture = Picture(overlay, "Lung fields, heart and the widths of the cardiothoracic ratio.")
    write_report(
        folder / "report.html",
        report_of(result, "Chest radiograph: lungs, heart, cardiothoracic ratio", [picture]),
    )
    if settings.scene:
        from MedImageLib.study_scene import write_study_scene

        write_study_scene(
            folder / "scene.mrb",
            volume,
            [found.labels],
            found.model.structures,
            result,
            "Radiograph",
        )
    return result


def result_of(volume: Volume, found: RadiographSegmentation, settings: Any) -> Result:
    """Ratio with its lines, areas where millimeters are known, and what was doubted."""
    ratio = found.ratio
    values = [
        Measurement(
            "cardiothoracic_ratio",
            None if ratio is None else ratio.value,
            "1",
            text="" if ratio else "Not assessable: the label map is not that of a frontal chest.",
            geometry=_shapes(volume, found),
        )
    ]
    if volume.geometry.spacing_known and found.is_chest:
        pixel_mm2 = volume.geometry.spacing_mm[0] * volume.geometry.spacing_mm[1]
        for value, name in found.model.structures.items():
            area = float((found.labels.array == value).sum()) * pixel_mm2
            values.append(Measurement(f"{name.replace(' ', '_')}_area", area, "mm2"))
    flags = [
        QualityFlag(
            "frontal-chest",
            "satisfied" if found.is_chest else "not",
            "Looks like a frontal chest radiograph."
            if found.is_chest
            else "Does not look like a frontal chest radiograph.",
        )
    ]
    return Result(
        module="MedImageMetric",
        task="radiograph",
        inputs=(input_identity(volume),),
        values=tuple(values),
        flags=tuple(flags),
        findings=_findings(found),
        warnings=found.remarks,
        models=(
            ModelUsed(found.model.card.name, found.model.card.version, found.model.weights_sha256),
        ),
        timings=(Timing("segmentation", found.seconds),),
        settings=settings_to_dict(settings),
    )


def _findings(found: RadiographSegmentation) -> tuple[str, ...]:
    if found.ratio is None:
        return ("This does not look like a frontal chest radiograph; nothing was measured.",)
    value = found.ratio.value
    word = (
        "enlarged heart silhouette" if value > ENLARGED_ABOVE else "heart silhouette not enlarged"
    )
    return (f"Cardiothoracic ratio {value:.2f}: {word} (limit {ENLARGED_ABOVE:.2f}).",)


def _lines(
    found: RadiographSegmentation,
) -> list[tuple[tuple[float, float, float], tuple[float, float, float], str]]:
    """Start, end (i, j, k) and text of the widths of heart and thorax."""
    ratio = found.ratio
    if ratio is None:
        return []
    (h0, h1), (t0, t1) = ratio.heart_columns, ratio.thorax_columns
    return [
        ((h0, ratio.heart_row, 0), (h1, ratio.heart_row, 0), f"heart, CTR {ratio.value:.2f}"),
        ((t0, ratio.thorax_row, 0), (t1, ratio.thorax_row, 0), "thorax"),
    ]


def _shapes(volume: Volume, found: RadiographSegmentation) -> tuple[Shape, ...]:
    shapes = []
    for (start, end, _), label in zip(_lines(found), ("heart", "lungs"), strict=False):
        points = np.array([start, end], float)
        known = volume.geometry.spacing_known
        lps = volume.geometry.points_mm(points).tolist() if known else []
        shapes.append(
            Shape(
                "line",
                points_lps_mm=tuple(map(tuple, lps)),
                points_ijk=tuple(map(tuple, points.tolist())),
                label=label,
            )
        )
    return tuple(shapes)
