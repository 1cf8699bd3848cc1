"""Makes overview.png of the README from what `medimage demo -o OUT` wrote.

Usage: python Resources/pictures/draw_overview.py OUT. The real cine is of the Sunnybrook Cardiac
Data (CC0 1.0); the others are generated.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

STUDIES = ("radiograph-1", "real-cine-2", "cine", "patient")
HEIGHT_PX, GAP_PX = 420, 8


def main(out: Path) -> None:
    pictures = []
    for name in STUDIES:
        path = out / name / "overlay.png"
        if path.is_file():
            picture = Image.open(path).convert("RGB")
            width = round(picture.width * HEIGHT_PX / picture.height)
            pictures.append(picture.resize((width, HEIGHT_PX), Image.Resampling.LANCZOS))
    total = sum(picture.width for picture in pictures) + GAP_PX * (len(pictures) - 1)
    whole = Image.new("RGB", (total, HEIGHT_PX), "white")
    x = 0
    for picture in pictures:
        whole.paste(picture, (x, 0))
        x += picture.width + GAP_PX
    whole.save(Path(__file__).with_name("overview.png"), optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
