"""Scans with a known answer, networks that give it, and panels on the double."""

from __future__ import annotations

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume, VolumeSequence

RADIOGRAPH = Geometry((1, 80, 100), (0.5, 0.8, 1.0), (7.0, -3.0, 0.0))
CINE = Geometry((3, 20, 24), (1.4, 1.4, 8.0), (-10.0, 20.0, 5.0))
PAIR = Geometry((6, 12, 16), (2.0, 2.0, 3.0), (-10.0, 5.0, 0.0))
RADII = (6, 3, 5)


def disc(radius: float) -> np.ndarray:
    j, i = np.mgrid[:20, :24]
    return np.hypot(j - 9.3, i - 11.2) < radius


def radiograph_labels() -> Volume:
    """Lungs over columns 10 to 89 and a heart over columns 40 to 69: a ratio of 30 / 80."""
    array = np.zeros(RADIOGRAPH.shape, np.uint8)
    array[0, 10:60, 10:40] = 1
    array[0, 10:60, 60:90] = 2
    array[0, 30:60, 40:70] = 3
    return Volume(array, RADIOGRAPH, is_labelmap=True)


def radiograph_pixels(geometry: Geometry) -> np.ndarray:
    """Dark lungs, a bright heart, body between dark and bright; zeros where it is no radiograph."""
    if geometry.shape != RADIOGRAPH.shape:
        return np.zeros(geometry.shape, np.int16)
    noise = np.random.default_rng(0).integers(-20, 21, geometry.shape)
    return (np.choose(radiograph_labels().array, [600, 200, 200, 900]) + noise).astype(np.int16)


def replace_radiograph_network(monkeypatch):
    """The network answers the labels above; the settings that it was called with are returned.

    No other detector is installed.
    """
    from MedImageMetricLib.radiograph import analysis, detectors, segmentation

    installed = detectors._installed
    monkeypatch.setattr(
        detectors,
        "_installed",
        lambda name, folder: (
            installed(name, folder) if name == segmentation.MODEL else detectors.NO_DETECTOR
        ),
    )
    calls = []

    def labels_of_plane(plane, model_, settings=None, cleaned=None):
        calls.append(settings)
        labels = radiograph_labels().array[0]
        if plane.shape != labels.shape:  # turned by a quarter: no chest is seen
            labels = np.zeros(plane.shape, np.uint8)
        return segmentation.PlaneLabels(labels, {1: 0.9, 2: 0.9, 3: 0.9})

    monkeypatch.setattr(analysis, "labels_of_plane", labels_of_plane)
    return calls


def replace_cine_network(monkeypatch):
    """`segment_cine` finds a round cavity that is smallest in the second of three frames."""
    from CardiacLVLib import analysis
    from CardiacLVLib.ventricle import segmentation

    def segment_cine(cine, settings=None, consistent=True):
        calls.append((settings, consistent))
        arrays = []
        for radius in RADII:
            array = np.zeros(CINE.shape, np.uint8)
            array[:, disc(8)] = 2
            array[:, disc(radius)] = 1
            arrays.append(Volume(array, CINE, is_labelmap=True))
        areas = np.array([(a.array == 1).sum((1, 2)) for a in arrays]) * 1.4**2
        volumes = areas.sum(1) * 8 / 1000
        return segmentation.CineSegmentation(
            labels=tuple(arrays),
            cavity_area_mm2=areas,
            cavity_volume_ml=volumes,
            myocardium_volume_ml=np.array([(a.array == 2).sum() for a in arrays]) * 0.01568,
            ed_frame=0,
            es_frame=1,
            models=(),
            remarks=(),
            seconds=0.1,
        )

    calls = []
    monkeypatch.setattr(analysis, "segment_cine", segment_cine)
    return calls


def add_radiograph(scene, geometry: Geometry = RADIOGRAPH):
    from MedImageLib.nodes import add_volume

    return add_volume(scene, Volume(radiograph_pixels(geometry), geometry), "radiograph")


def add_cine(scene):
    from MedImageLib.nodes import add_volume_sequence

    frames = tuple(Volume(np.full(CINE.shape, n, np.int16), CINE) for n in range(3))
    return add_volume_sequence(scene, VolumeSequence(frames, (0.0, 40.0, 80.0)), "cine")


def panel(application, name: str):
    widget = getattr(application.module(name), f"{name}Widget")(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    return widget


def add_pair(scene):
    """Two images, a bright box in each."""
    from MedImageLib.nodes import add_volume

    nodes = []
    for name, at in (("first", 4), ("second", 5)):
        array = np.zeros(PAIR.shape, np.int16)
        array[2:4, at : at + 4, 6:10] = 100
        nodes.append(add_volume(scene, Volume(array, PAIR, modality="CT"), name))
    return nodes


def add_contours(scene, name, keys, at=2):
    from MedImageLib.nodes import add_segmentation, segment_of
    from MedImageLib.terminology import structure

    array = np.zeros(PAIR.shape, np.uint8)
    for value in range(1, len(keys) + 1):
        array[value, at : at + 4, 4:8] = value
    segments = [segment_of(structure(key), value) for value, key in enumerate(keys, 1)]
    return add_segmentation(scene, Volume(array, PAIR, is_labelmap=True), segments, name)
