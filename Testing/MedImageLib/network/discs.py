"""Twelve generated discs with rings, as an index file that training reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from MedImageLib.network.samples import GeneratedSample


def write_discs(folder: Path, seed: int = 0) -> None:
    """Bright discs with a gray ring, two images a patient; every other one has no ring drawn."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(12):
        center, radius = generator.uniform(22, 42, 2), generator.uniform(7, 11)
        distance = np.hypot(*(np.indices((64, 64)) - center[:, None, None]))
        ring = (distance > radius) & (distance <= radius + 5)
        image = 200.0 * (distance <= radius) + 110 * ring
        label = np.uint8(distance <= radius)
        if number % 2:
            label[ring] = 2
        image = np.clip(image + generator.normal(20, 8, image.shape), 0, 255)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"i{number}.png")
        Image.fromarray(label).save(folder / f"l{number}.png")
        rows.append(
            {
                "id": f"d{number}",
                "patient": f"p{number // 2}",
                "fold": (number // 2) % 5,
                "file": f"i{number}.png",
                "label_file": f"l{number}.png",
                "labelled": "disc+ring" if number % 2 else "disc",
            }
        )
    with (folder / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def generated_discs(count: int, seed: int) -> Iterator[GeneratedSample]:
    """Planes without any disc, as a source that makes its own images."""
    generator = np.random.default_rng(seed)
    for number in range(count):
        image = generator.normal(60, 20, (64, 64))
        label = np.zeros((64, 64), np.uint8)
        yield GeneratedSample(f"g{number}", f"g{number}", image, label, (1.0, 1.0), (30.0, 30.0))
