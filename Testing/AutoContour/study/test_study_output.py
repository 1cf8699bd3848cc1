"""What a processed study shows: contours in its scene, which opens without making surfaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.study.output import overview_result, write_outputs
from AutoContourLib.study.overview import study_overview
from AutoContourLib.study.watch_settings import WatchSettings
from MedImageLib import study_scene
from MedImageLib.geometry import Geometry
from MedImageLib.headless.scene_files import load_scene
from MedImageLib.volume import Volume

GRID = Geometry((8, 24, 28), (4.0, 4.0, 5.0), (-54.123456789, -46.0, 0.0))


@pytest.fixture
def study(tmp_path: Path):
    j, i = np.indices(GRID.shape[1:])
    plane = np.where(np.hypot(j - 12, i - 14) < 9, 20, -1000).astype(np.int16)
    scan = Volume(np.repeat(plane[None], GRID.shape[0], 0), GRID, modality="CT")
    overview = study_overview([scan])
    return overview, overview_result(overview, WatchSettings(), 0.0)


def segments_of_scene(path: Path) -> dict[str, bool]:
    """Names of the segments and whether each has a closed surface."""
    application = load_scene(path)
    try:
        node = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
        segmentation = node.GetSegmentation()
        segments = [
            segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())
        ]
        return {
            one.GetName(): one.GetRepresentation("Closed surface") is not None for one in segments
        }
    finally:
        application.close()


@pytest.mark.parametrize("large", [False, True])
def test_the_scene_holds_the_contours(study, tmp_path: Path, monkeypatch, large: bool) -> None:
    if large:
        monkeypatch.setattr(study_scene, "_MOST_VOXELS_WITH_SURFACES", 10)
    overview, result = study
    larynx = np.zeros(GRID.shape, bool)
    larynx[2:6, 10:15, 12:17] = True
    masks = {"body": overview.body.array > 0, "larynx": larynx}
    write_contours(Contours(overview.planning, masks), tmp_path / "contours")
    write_outputs(tmp_path, overview, result, scene=True)
    found = segments_of_scene(tmp_path / "scene.mrb")
    assert found == dict.fromkeys(("Body", "Larynx"), not large)


def test_without_contours_it_shows_the_outline_of_the_body(study, tmp_path: Path) -> None:
    overview, result = study
    write_outputs(tmp_path, overview, result, scene=True)
    assert list(segments_of_scene(tmp_path / "scene.mrb")) == ["Body"]
