"""The DICOM plugin on a real scene, with the browser's base classes replaced."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

REPOSITORY = Path(__file__).resolve().parents[2]


class DICOMPlugin:
    """What the plugin uses of `DICOMLib.DICOMPlugin`."""

    def __init__(self):
        self.loadType = ""
        self.added = []

    def addSeriesInSubjectHierarchy(self, loadable, node):  # noqa: N802
        self.added.append((loadable, node))


class DICOMLoadable(types.SimpleNamespace):
    """Plain attributes, as of the application's class."""


@pytest.fixture
def plugin(application, monkeypatch):
    import slicer

    library = types.ModuleType("DICOMLib")
    library.DICOMPlugin, library.DICOMLoadable = DICOMPlugin, DICOMLoadable
    monkeypatch.setitem(sys.modules, "DICOMLib", library)
    monkeypatch.setattr(slicer, "modules", types.SimpleNamespace(), raising=False)
    path = REPOSITORY / "CardiacLV" / "CardiacLVDICOMPlugin.py"
    spec = importlib.util.spec_from_file_location("CardiacLVDICOMPlugin", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.CardiacLVDICOMPlugin(parent := types.SimpleNamespace())
    assert parent.hidden
    return slicer.modules.dicomPlugins["CardiacLVDICOMPlugin"]()


@pytest.fixture
def series(tmp_path):
    """Files of 3 planes x 4 phases; `lack` leaves the last one out."""

    def write(modality: str = "MR", lack: int = 0) -> list[str]:
        uids = [generate_uid() for _ in range(3)]
        files = []
        for n in range(12 - lack):
            plane, phase = divmod(n, 4)
            one = Dataset()
            one.SOPClassUID, one.SOPInstanceUID = MRImageStorage, generate_uid()
            one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = uids
            one.Modality, one.InstanceNumber, one.TriggerTime = modality, n + 1, 40.0 * phase
            one.ImagePositionPatient = [0, 0, 8 * plane]
            one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            one.PixelSpacing, one.SliceThickness = [1.4, 1.4], 8
            one.Rows = one.Columns = 64
            one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
            one.BitsAllocated, one.BitsStored, one.HighBit = 16, 16, 15
            one.PixelRepresentation = 0
            pixels = np.random.default_rng(n).integers(0, 900, (64, 64)).astype(np.uint16)
            pixels[0, 0] = 10 * plane + phase
            one.PixelData = pixels.tobytes()
            one.file_meta = FileMetaDataset()
            one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            path = tmp_path / f"{n:02d}.dcm"
            pydicom.dcmwrite(path, one, enforce_file_format=True)
            files.append(str(path))
        return files

    return write


def test_a_whole_cine_becomes_a_sequence_with_a_browser(application, plugin, series):
    (loadable,) = plugin.examineForImport([series()])
    assert loadable.name == "Cine MR, 3 planes x 4 phases"
    assert loadable.selected
    assert loadable.confidence > 0.5
    node = plugin.load(loadable)
    assert application.errors == []
    assert node.IsA("vtkMRMLSequenceNode")
    assert [node.GetNthIndexValue(n) for n in range(4)] == ["0.0", "40.0", "80.0", "120.0"]
    assert node.GetIndexUnit() == "ms"
    browser = application.scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetMasterSequenceNode() == node
    ((same, proxy),) = plugin.added
    assert same is loadable
    assert proxy == browser.GetProxyNode(node)
    from MedImageLib.nodes import volume_sequence_of

    values = volume_sequence_of(node).array[:, :, 0, 0]
    assert values.tolist() == [[10 * k + t for k in range(3)] for t in range(4)]


@pytest.mark.parametrize("kind", [{"lack": 1}, {"modality": "CT"}])
def test_nothing_is_offered_for_a_grid_with_holes_or_a_ct(plugin, series, kind):
    assert plugin.examineForImport([series(**kind)]) == []


def test_a_file_lost_after_the_offer_is_said_and_nothing_is_left(application, plugin, series):
    (loadable,) = plugin.examineForImport([series()])
    loadable.files = ["/nowhere/1.dcm"]
    assert plugin.load(loadable) is False
    assert len(application.errors) == 1
    assert application.scene.GetFirstNodeByClass("vtkMRMLSequenceNode") is None
