"""The verdict on a node: kept, replaced, taken away, and told by what reads the image."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.nodes import (
    add_volume,
    add_volume_sequence,
    scan_verdict_of,
    set_scan_verdict,
    volume_of,
    volume_sequence_of,
)
from MedImageLib.scan_verdict import ScanVerdict
from MedImageLib.volume import Volume, VolumeSequence

BAD = ScanVerdict("abnormal", 4.25, 2.0, 0.99, "normality_radiograph")
GOOD = ScanVerdict("normal", 0.5, 2.0, 0.9, "normality_radiograph")


def image() -> Volume:
    return Volume(np.zeros((2, 3, 4), np.int16), Geometry((2, 3, 4)))


@pytest.fixture
def volume_node(application):
    return add_volume(application.scene, image(), "scan")


def test_a_verdict_comes_back_and_can_be_replaced_and_taken_away(volume_node):
    assert scan_verdict_of(volume_node) is None
    for verdict in (BAD, GOOD):
        set_scan_verdict(volume_node, verdict)
        assert scan_verdict_of(volume_node) == verdict
    set_scan_verdict(volume_node, None)
    assert scan_verdict_of(volume_node) is None
    assert not [n for n in volume_node.GetAttributeNames() if "ScanNormality" in n]


def test_processing_tells_of_an_abnormal_scan_and_nothing_of_a_normal_one(volume_node):
    assert volume_of(volume_node).remarks == ()
    set_scan_verdict(volume_node, GOOD)
    assert volume_of(volume_node).remarks == ()
    set_scan_verdict(volume_node, BAD)
    [remark] = volume_of(volume_node).remarks
    assert remark == BAD.remark()
    assert "look at it before" in remark.text


def test_a_cine_carries_its_verdict(application):
    cine = VolumeSequence((image(), image()), (0.0, 40.0))
    node, _, _ = add_volume_sequence(application.scene, cine, "cine")
    set_scan_verdict(node, BAD)
    assert BAD.remark() in volume_sequence_of(node).remarks


def test_other_nodes_are_refused(application):
    with pytest.raises(InputError):
        set_scan_verdict(application.scene.AddNewNodeByClass("vtkMRMLTableNode"), BAD)
