"""Small drawn hearts with exact labels, and a data folder of them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from CardiacLVLib.ensemble.targets import DRAWN_BY_PEOPLE, TargetFrame
from CardiacLVLib.measures.indices import outline_ventricle


def ring(
    radius_mm: float,
    wall_mm: float = 9.0,
    spacing_mm: float = 1.4,
    side: int = 128,
    oval: float = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Gray values 0 … 1 and labels of a ring with a bright crescent at its left."""
    j, i = (np.mgrid[:side, :side] - (side - 1) / 2) * spacing_mm
    distance = np.hypot(i / oval, j * oval)
    labels = np.where(distance < radius_mm, 1, np.where(distance < radius_mm + wall_mm, 2, 0))
    image = np.where(labels == 1, 0.9, np.where(labels == 2, 0.3, 0.12))
    right = (np.hypot(i + radius_mm + wall_mm, j) < 22) & (labels == 0)
    return np.where(right, 0.85, image).astype(np.float32), labels.astype(np.uint8)


def drawn_frame(
    radius_mm: float, drawn: tuple[int, ...] = (1, 2), oval: float = 1, patient: str = "p"
) -> TargetFrame:
    image, labels = ring(radius_mm, oval=oval)
    outline = outline_ventricle(labels, (1.4, 1.4))
    assert outline is not None
    return TargetFrame(
        id=f"r{radius_mm:g}",
        patient=patient,
        source="rings",
        fold=0,
        phase="ED",
        image=image,
        labels=labels,
        drawn=drawn,
        spacing_mm=(1.4, 1.4),
        spacing_known=True,
        center=(63.5, 63.5),
        insertion_deg=-101.0,
        outline=outline,
        weight=1.0,
        origin=DRAWN_BY_PEOPLE,
    )


def write_rings(folder: Path, patients: int = 6, images: int = 3) -> None:
    """index.csv with pictures and label maps; the wall is drawn on every second patient."""
    rows = []
    for patient in range(patients):
        for number in range(images):
            image, labels = ring(14 + 2 * patient + 1.5 * number)
            walled = patient % 2 == 0
            name = f"p{patient}_{number}"
            shown = labels if walled else np.where(labels == 1, 1, 0).astype(np.uint8)
            Image.fromarray((image * 255).astype(np.uint8)).save(folder / f"{name}.png")
            Image.fromarray(shown).save(folder / f"{name}_label.png")
            rows.append(
                {
                    "id": name,
                    "patient": f"p{patient}",
                    "fold": patient % 5,
                    "file": f"{name}.png",
                    "label_file": f"{name}_label.png",
                    "labelled": "cavity+myocardium" if walled else "cavity",
                    "cardiac_phase": "ED",
                    "row_mm": 1.4,
                    "col_mm": 1.4,
                }
            )
    with (folder / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
