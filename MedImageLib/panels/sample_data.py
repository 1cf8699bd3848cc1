"""Samples in the application's Sample Data module: generated on this machine, or downloaded.

Generated ones need no network and are the same everywhere; downloaded ones are Slicer's own, each
checked by its SHA256.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from MedImageLib.resources import resource_path
from MedImageLib.samples import list_samples

CATEGORY = "MedImage"


def register_generated(name: str, picture: str, add: Callable[[Any], list[Any]]) -> None:
    """Offer a generated sample.

    picture: thumbnail in Resources/pictures. add(scene): generates it, adds its nodes and returns
    them.
    """
    import SampleData
    import slicer

    def make(source: Any = None) -> list[Any]:
        with slicer.util.tryWithErrorDisplay(f"{name}: could not be generated.", waitCursor=True):
            return add(slicer.mrmlScene)
        return []

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=name,
        thumbnailFileName=str(resource_path("pictures", picture)),
        # Nothing is loaded from anywhere, but an entry needs an address.
        uris="generated",
        fileNames="generated",
        nodeNames=name,
        customDownloader=make,
    )


def register_downloads(names: Sequence[str], picture: str) -> None:
    """Offer real volumes of the list of samples, each as an entry of its own."""
    import SampleData

    for name, sample in list_samples().items():
        if name in names:
            SampleData.SampleDataLogic.registerCustomSampleDataSource(
                category=CATEGORY,
                sampleName=name,
                thumbnailFileName=str(resource_path("pictures", picture)),
                uris=sample.address,
                fileNames=sample.file,
                nodeNames=name,
                checksums=f"SHA256:{sample.sha256}",
            )


def add_generated_radiograph(scene: Any) -> list[Any]:
    """A frontal chest radiograph."""
    from MedImageLib.nodes import add_volume
    from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph

    made = generate_radiograph(RadiographSettings(seed=4))
    return [add_volume(scene, made.image, "Generated chest radiograph")]


def add_generated_cine(scene: Any) -> list[Any]:
    """A short-axis cine with its player."""
    from MedImageLib.nodes import add_volume_sequence
    from MedImageLib.phantom.cine import CineSettings, generate_cine

    made = generate_cine(CineSettings(seed=2))
    return list(add_volume_sequence(scene, made.sequence, "Generated cine"))


def add_generated_patient(scene: Any) -> list[Any]:
    """A planning CT, a later one and an MR of one patient, who was deformed in between."""
    from MedImageLib.nodes import add_folder, add_volume, place_in_folder
    from MedImageLib.phantom.patient import generate_patient

    made = generate_patient()
    nodes = [
        add_volume(scene, made.planning_ct, "Generated planning CT"),
        add_volume(scene, made.later_ct, "Generated later CT"),
        add_volume(scene, made.mr, "Generated MR"),
    ]
    place_in_folder(scene, nodes, add_folder(scene, "Generated patient"))
    return nodes
