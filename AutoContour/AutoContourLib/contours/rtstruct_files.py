"""RTSTRUCT to mask files, and label maps to RTSTRUCT: what `medimage rtstruct` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from AutoContourLib.contours.contour_settings import RasterSettings, RtstructSettings
from AutoContourLib.contours.rasterizing import rasterized
from AutoContourLib.contours.rtstruct_reader import read_rtstruct
from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import RegionMask, structure_of
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.reading import read_image
from MedImageLib.results import Measurement, QualityFlag, Result, input_identity
from MedImageLib.settings import settings_to_dict
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_volume


def masks_from_rtstruct(
    rtstruct: Path, image: Path, folder: Path, settings: RasterSettings | None = None
) -> Result:
    """Write masks/NAME.nii.gz of every region and regions.json; returns the result.

    Regions may overlap, so each has a file of its own on the image's grid.
    """
    settings = settings or RasterSettings()
    scan = read_image(image)
    structures = read_rtstruct(rtstruct, [scan])
    found = rasterized(structures, scan, settings)
    voxel_ml = scan.geometry.voxel_volume_mm3 / 1000
    rows = []
    for region in structures.regions:
        mask = found.masks.get(region.name)
        row = {
            "number": region.number,
            "name": region.stored_name,
            "file": f"masks/{region.name}.nii.gz" if mask else "",
            "contours": len(region.contours),
            "interpreted_type": region.interpreted_type,
            "algorithm": region.algorithm,
            "volume_ml": 0.0,
            "centroid_lps_mm": None,
        }
        if mask is not None:
            write_volume(mask, folder / str(row["file"]))
            index = np.argwhere(mask.array)
            row["volume_ml"] = round(len(index) * voxel_ml, 4)
            center = scan.geometry.points_mm(index.mean(0)[::-1])
            row["centroid_lps_mm"] = [round(float(v), 3) for v in center]
        rows.append(row)
    with finished_file(folder / "regions.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return Result(
        module="AutoContour",
        task="rtstruct-to-mask",
        inputs=(input_identity(scan),),
        values=tuple(
            Measurement(f"region_{row['number']}_volume", float(str(row["volume_ml"])), "mL")
            for row in rows
        ),
        flags=(
            QualityFlag(
                "all-regions-on-image",
                "not" if found.empty else "satisfied",
                f"{len(found.empty)} of {len(rows)} regions have no voxel on the image."
                if found.empty
                else "Every region has voxels on the image.",
            ),
        ),
        findings=(f"{len(found.masks)} of {len(rows)} regions became masks.",),
        warnings=found.remarks,
        settings=settings_to_dict(settings),
    )


def rtstruct_from_masks(
    masks: Sequence[Path],
    image: Path,
    out: Path,
    names: Path | None = None,
    settings: RtstructSettings | None = None,
) -> Path:
    """Write an RTSTRUCT of mask files (named by their files) or of one label map.

    names: JSON {value: name} of the label map; labels.json beside it when None. Raises
    InputError for label values without a name, GeometryError for masks on another grid.
    """
    scan = read_image(image)
    regions: list[RegionMask] = []
    for path in masks:
        volume = read_image(path)
        if not volume.geometry.same_grid(scan.geometry, 0.01):
            raise GeometryError(
                f"{path}: its grid {volume.geometry.shape} is not that of the image "
                f"{scan.geometry.shape}; resample it to the image first."
            )
        values = [int(v) for v in np.unique(volume.array) if v]
        if len(masks) == 1 and (names or values not in ([], [1])):
            regions += _labeled(path, volume, values, names)
        else:
            name = path.name.split(".")[0]
            regions.append(_region(name, volume.with_array(volume.array > 0)))
    return write_rtstruct(regions, scan, out, settings)


def _labeled(path: Path, volume: Volume, values: list[int], names: Path | None) -> list[RegionMask]:
    names = names or path.with_name("labels.json")
    try:
        table = {int(value): str(name) for value, name in json.loads(names.read_text()).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{names}: no table of label names ({error}); give one as JSON, {{value: name}}."
        ) from error
    unnamed = [value for value in values if value not in table]
    if unnamed:
        raise InputError(f"{names}: the label values {unnamed} of {path.name} have no name.")
    return [_region(table[v], volume.with_array(volume.array == v)) for v in sorted(table)]


def _region(name: str, mask: Volume) -> RegionMask:
    return RegionMask(name, mask, structure_of(name))
