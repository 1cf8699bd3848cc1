"""The studies of the demonstration: generated ones as proper DICOM, and real ones where they are.

Each generated study comes with its exact label map, so that what is found can be held against it.
"""

from __future__ import annotations

import dataclasses
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy
from MedImageLib.writing.nrrd import write_volume

HANNOVER = "Chest radiograph (Hannover, CC BY 3.0)"
SUNNYBROOK = "Cine MR, three slices (Sunnybrook, CC0)"
CINE_FILE = "SC-HF-I-02_s04-06_20phases.nii.gz"


@dataclass(frozen=True)
class DemoStudy:
    """name: of its folders. title: for a person. processor: that works on it. folder: its input.

    is_generated: made by the product. truth: label map of what `found` names, or None.
    found: file of the result that holds the label map to compare, and frame of it, if several.
    structures: label value → name, of the values to compare.
    """

    name: str
    title: str
    processor: str
    folder: Path
    is_generated: bool
    truth: Volume | None = None
    found: str = ""
    frame: int | None = None
    structures: tuple[tuple[int, str], ...] = ()


def generated_studies(folder: Path, reference: Path) -> list[Callable[[], DemoStudy]]:
    """Makers of the generated studies: DICOM below `folder`, exact truth below `reference`."""
    return [
        lambda: _radiograph(folder, reference, "radiograph-1", 11, None),
        lambda: _radiograph(folder, reference, "radiograph-2", 23, 1.4),
        lambda: _cine(folder, reference),
        lambda: _patient(folder, reference),
    ]


def _radiograph(
    folder: Path, reference: Path, name: str, seed: int, heart_scale: float | None
) -> DemoStudy:
    from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph

    made = generate_radiograph(RadiographSettings(seed=seed, heart_scale=heart_scale))
    write_dicom(made.image, folder / name, DicomStudy.of_seed(seed))
    labels = np.zeros(made.image.array.shape, np.uint8)
    for value, structure in enumerate(("right_lung", "left_lung", "heart"), start=1):
        labels[made.labels[structure]] = value
    truth = made.image.with_array(labels, is_labelmap=True, unit="")
    write_volume(truth, reference / name / "labels.nrrd")
    return DemoStudy(
        name,
        f"Chest radiograph, seed {seed}",
        "metric",
        folder / name,
        True,
        truth,
        "labels.seg.nrrd",
        None,
        ((1, "right lung"), (2, "left lung"), (3, "heart")),
    )


def _cine(folder: Path, reference: Path) -> DemoStudy:
    from MedImageLib.phantom.cine import CineSettings, generate_cine

    made = generate_cine(CineSettings(seed=7))
    write_dicom(made.sequence, folder / "cine", DicomStudy.of_seed(7))
    for word, frame in (("end_diastole", made.ed_frame), ("end_systole", made.es_frame)):
        write_volume(made.labels[frame], reference / "cine" / f"labels_{word}.nrrd")
    return DemoStudy(
        "cine",
        "Short-axis cine MR, 20 phases, seed 7",
        "lv",
        folder / "cine",
        True,
        made.labels[made.ed_frame],
        "labels.nii.gz",
        made.ed_frame,
        ((1, "cavity, end diastole"), (2, "myocardium, end diastole")),
    )


def _patient(folder: Path, reference: Path) -> DemoStudy:
    from MedImageLib.phantom.patient import PatientSettings, generate_patient

    # Coarse, so that its two registrations fit into the minute that a demonstration may take.
    made = generate_patient(PatientSettings(seed=5, size=(48, 80, 80)))
    study = DicomStudy.of_seed(5)
    images = (
        ("planning-ct", made.planning_ct, made.planning_labels),
        ("later-ct", made.later_ct, made.later_labels),
        ("mr", made.mr, made.mr_labels),
    )
    for number, (word, image, labels) in enumerate(images, start=1):
        # One series a day, so that the first one is known as the planning CT.
        day = dataclasses.replace(study, date=f"202603{10 * number:02d}")
        write_dicom(image, folder / "patient" / word, day, DicomSeries(number=number))
        write_volume(labels, reference / "patient" / f"{word}_labels.nrrd")
    _write_field(made.displacement_mm, made.planning_ct, reference / "patient")
    body = made.planning_labels.with_array((made.planning_labels.array > 0).astype(np.uint8))
    return DemoStudy(
        "patient",
        "Planning CT, later CT and MR of one deformed patient, seed 5",
        "study",
        folder / "patient",
        True,
        body,
        "body.seg.nrrd",
        None,
        ((1, "body"),),
    )


def _write_field(displacement_mm: np.ndarray, planning: Volume, folder: Path) -> None:
    import SimpleITK as sitk

    from MedImageLib.resampling import image_of
    from MedImageLib.writing.atomic import finished_file

    field = sitk.GetImageFromArray(displacement_mm.astype(np.float32), isVector=True)
    field.CopyInformation(image_of(planning))
    with finished_file(folder / "displacement_later_from_planning.nrrd") as temporary:
        sitk.WriteImage(field, str(temporary), True)


def real_studies(data_dir: Path, unpacked: Path) -> list[Callable[[], DemoStudy]]:
    """Makers of studies from the folder of real test images; what is absent is left out."""
    files = {
        "real-radiograph-1": ("metric", "cxr_hannover/images/mhh_fff13f3a.png", HANNOVER),
        "real-radiograph-2": ("metric", "cxr_hannover/images/mhh_53c9be49.png", HANNOVER),
        "real-cine-1": ("lv", f"cmr_cine_nifti4d/{CINE_FILE}", SUNNYBROOK),
    }
    makers = [
        _maker(DemoStudy(name, title, processor, unpacked / name, False), data_dir / file)
        for name, (processor, file, title) in files.items()
        if (data_dir / file).is_file()
    ]
    archive = data_dir / "cmr_sunnybrook_cine5" / "SC-HF-I-01_dicom.tar.xz"
    if archive.is_file():
        makers.append(lambda: _unpacked_cine(archive, unpacked))
    return makers


def _maker(study: DemoStudy, path: Path) -> Callable[[], DemoStudy]:
    def make() -> DemoStudy:
        study.folder.mkdir(parents=True)
        shutil.copy(path, study.folder)
        return study

    return make


def _unpacked_cine(archive: Path, unpacked: Path) -> DemoStudy:
    with tarfile.open(archive) as members:
        members.extractall(unpacked / "real-cine-2", filter="data")
    title = "Cine MR, 240 untouched DICOM files (Sunnybrook, CC0)"
    return DemoStudy("real-cine-2", title, "lv", unpacked / "real-cine-2", False)
