"""Draw the icons of the extension and its modules: `python Resources/pictures/draw_icons.py`.

Drawn four times too large and reduced, so that edges are smooth; the shapes differ, not only the
colors (Okabe and Ito's, which everybody can tell apart).
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

REPOSITORY = Path(__file__).resolve().parents[2]
SIZE, SCALE = 128, 4
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
DARK, LIGHT = "#1B2A33", "#F4F6F7"


def canvas(background: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (SIZE * SCALE, SIZE * SCALE), (0, 0, 0, 0))
    drawing = ImageDraw.Draw(image)
    drawing.rounded_rectangle(box(4, 4, 124, 124), 22 * SCALE, fill=background)
    return image, drawing


def box(*numbers: float) -> list[float]:
    return [number * SCALE for number in numbers]


def radiograph() -> Image.Image:
    """Two lungs, the heart between them and the two widths of the ratio."""
    image, drawing = canvas(DARK)
    drawing.ellipse(box(20, 20, 60, 104), fill=BLUE)
    drawing.ellipse(box(68, 20, 108, 104), fill=BLUE)
    drawing.ellipse(box(50, 58, 92, 102), fill=ORANGE)
    drawing.line(box(20, 112, 108, 112), fill=LIGHT, width=4 * SCALE)
    drawing.line(box(50, 50, 92, 50), fill=LIGHT, width=4 * SCALE)
    return image


def ventricle() -> Image.Image:
    """A short-axis ring: myocardium around the cavity, with the curve of a beat."""
    image, drawing = canvas(DARK)
    drawing.ellipse(box(26, 12, 102, 88), fill=RED)
    drawing.ellipse(box(42, 28, 86, 72), fill=LIGHT)
    points = [(14, 104), (44, 104), (54, 94), (64, 118), (74, 98), (84, 104), (114, 104)]
    drawing.line([n * SCALE for point in points for n in point], fill=GREEN, width=5 * SCALE)
    return image


def contour() -> Image.Image:
    """A body with two organs outlined and the beams of a treatment."""
    image, drawing = canvas(DARK)
    drawing.ellipse(box(16, 26, 112, 102), outline=LIGHT, width=5 * SCALE)
    drawing.ellipse(box(50, 46, 82, 80), outline=ORANGE, width=7 * SCALE)
    drawing.ellipse(box(26, 52, 44, 76), outline=GREEN, width=5 * SCALE)
    for start in ((66, 8), (10, 112), (118, 112)):
        drawing.line(box(*start, 66, 63), fill=BLUE, width=3 * SCALE)
    return image


def extension() -> Image.Image:
    """Three levels of one network, each finer than the one before."""
    image, drawing = canvas(LIGHT)
    for number, (color, cells) in enumerate(((BLUE, 2), (ORANGE, 4), (GREEN, 8))):
        left, top = 14 + 18 * number, 14 + 18 * number
        drawing.rectangle(box(left, top, left + 64, top + 64), fill=color)
        for cell in range(1, cells):
            place = 64 * cell / cells
            for line in (
                (left + place, top, left + place, top + 64),
                (left, top + place, left + 64, top + place),
            ):
                drawing.line(box(*line), fill=LIGHT, width=SCALE)
    return image


def main() -> None:
    for image, path in (
        (radiograph(), "MedImageMetric/Resources/Icons/MedImageMetric.png"),
        (ventricle(), "CardiacLV/Resources/Icons/CardiacLV.png"),
        (contour(), "AutoContour/Resources/Icons/AutoContour.png"),
        (extension(), "Resources/pictures/MedImage.png"),
    ):
        image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(REPOSITORY / path, optimize=True)


if __name__ == "__main__":
    main()
