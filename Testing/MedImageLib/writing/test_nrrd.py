"""What was written is opened with SimpleITK, nibabel and Slicer's own reader."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.nrrd import write_segmentation, write_volume

OBLIQUE = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
LEFT_HANDED = OBLIQUE * np.array([1, 1, -1])


def volume(dtype=np.int16, direction=OBLIQUE) -> Volume:
    array = np.random.default_rng(0).integers(0, 100, (4, 5, 6)).astype(dtype)
    geometry = Geometry(array.shape, (0.7, 1.1, 2.5), (-12.5, 30.25, 7), direction)
    return Volume(array, geometry)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz", ".mha"])
@pytest.mark.parametrize("direction", [np.eye(3), OBLIQUE, LEFT_HANDED])
def test_simpleitk_reads_values_and_places(tmp_path: Path, suffix: str, direction) -> None:
    original = volume(direction=direction)
    image = sitk.ReadImage(str(write_volume(original, tmp_path / f"a{suffix}")))
    assert (sitk.GetArrayFromImage(image) == original.array).all()
    for index in ((0, 0, 0), (5, 4, 3), (2, 0, 3)):
        found = image.TransformIndexToPhysicalPoint(index)
        assert found == pytest.approx(original.geometry.points_mm(np.array(index)), abs=1e-4)


def test_nibabel_reads_ras_positions(tmp_path: Path) -> None:
    original = volume()
    image = nibabel.load(write_volume(original, tmp_path / "a.nii.gz"))
    assert (original.array == np.asarray(image.dataobj).T).all()
    assert np.abs(image.affine - original.geometry.ras_from_index).max() < 1e-4


@pytest.mark.parametrize(
    ("dtype", "written"),
    [
        (bool, np.uint8),
        (np.int64, np.uint8),
        (np.uint16, np.uint16),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
def test_types_of_pixels(tmp_path: Path, dtype, written) -> None:
    original = volume(dtype)
    array = sitk.GetArrayFromImage(sitk.ReadImage(str(write_volume(original, tmp_path / "a.nrrd"))))
    assert array.dtype == written
    assert (array == original.array).all()


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.nrrd"):
        write_volume(volume(), tmp_path / "a.xyz")
    with pytest.raises(InputError, match="complex"):
        write_volume(volume(np.complex64), tmp_path / "a.nrrd")
    assert list(tmp_path.iterdir()) == []


def labels() -> Volume:
    array = np.zeros((4, 5, 6), np.uint8)
    array[1:3, 2:5, 1:4] = 3
    array[0, 0, 5] = 7
    return Volume(array, volume().geometry, is_labelmap=True)


TABLE = {3: structure("heart"), 7: structure("left_lung"), 9: structure("spine")}


def test_segmentation_header_names_values_and_extents(tmp_path: Path) -> None:
    image = sitk.ReadImage(str(write_segmentation(labels(), TABLE, tmp_path / "a.seg.nrrd")))
    assert (sitk.GetArrayFromImage(image) == labels().array).all()
    field = image.GetMetaData
    assert field("Segment0_Name") == "Heart"
    assert field("Segment0_LabelValue") == "3"
    assert field("Segment0_Extent") == "1 3 2 4 1 2"
    assert field("Segment1_ID") == "left_lung"
    assert field("Segment1_Layer") == "0"
    assert "SCT^7771000^Left" in field("Segment1_Tags")
    assert field("Segment2_Extent") == "0 -1 0 -1 0 -1"


def test_slicer_reads_the_segments(tmp_path: Path) -> None:
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    path = write_segmentation(labels(), {3: TABLE[3], 7: TABLE[7]}, tmp_path / "a.seg.nrrd")
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSegmentationsModuleLogic()
    logic.SetMRMLScene(scene)
    node = slicer.vtkMRMLSegmentationNode()
    scene.AddNode(node)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node) == 1
    segmentation = node.GetSegmentation()
    found = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
    assert [s.GetName() for s in found] == ["Heart", "Left lung"]
    assert [s.GetLabelValue() for s in found] == [3, 7]
    assert found[1].GetColor() == pytest.approx([v / 255 for v in TABLE[7].rgb], abs=1e-4)
    assert "SCT^39607008^Lung" in found[1].GetTerminology()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: (labels(), {3: structure("heart")}), r"\[7\]"),
        (lambda: (volume(), TABLE), "label map"),
        (lambda: (labels(), {0: structure("heart")}), "1 or higher"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, make, told: str) -> None:
    image, table = make()
    with pytest.raises(InputError, match=told):
        write_segmentation(image, table, tmp_path / "a.seg.nrrd")
    with pytest.raises(InputError, match=r"\.seg\.nrrd"):
        write_segmentation(labels(), TABLE, tmp_path / "a.nrrd")
