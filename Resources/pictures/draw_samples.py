"""Draw the thumbnails of the generated samples: `python Resources/pictures/draw_samples.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.phantom.patient import generate_patient
from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph
from MedImageLib.volume import Volume

FOLDER = Path(__file__).resolve().parent
SIDE = 192


def draw(
    name: str, plane: np.ndarray, low: float, high: float, shape_mm: tuple[float, float]
) -> None:
    """A gray picture with the plane's own aspect, fitted into a square."""
    gray = np.clip((plane - low) / (high - low), 0, 1) * 255
    scale = SIDE / max(shape_mm)
    size = (max(1, round(shape_mm[1] * scale)), max(1, round(shape_mm[0] * scale)))
    picture = Image.fromarray(gray.astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    square = Image.new("L", (SIDE, SIDE))
    square.paste(picture, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    square.save(FOLDER / f"sample_{name}.png", optimize=True)


def main() -> None:
    image = generate_radiograph(RadiographSettings(seed=4)).image
    draw("radiograph", image.array[0], *_ends(image.array), _size_mm(image))
    frame = generate_cine(CineSettings(seed=2)).sequence.frames[0]
    middle = frame.array[len(frame.array) // 2]
    draw("cine", middle, *_ends(middle), _size_mm(frame))
    scan = generate_patient().planning_ct
    # Coronal, the head above.
    coronal = scan.array[::-1, scan.array.shape[1] // 2]
    spacing = scan.geometry.spacing_mm
    draw("patient", coronal, -200.0, 300.0, (
        coronal.shape[0] * spacing[2], coronal.shape[1] * spacing[0]
    ))  # fmt: skip


def _ends(array: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(array, (1, 99.5))
    return float(low), float(high)


def _size_mm(volume: Volume) -> tuple[float, float]:
    spacing = volume.geometry.spacing_mm
    return volume.array.shape[1] * spacing[1], volume.array.shape[2] * spacing[0]


if __name__ == "__main__":
    main()
