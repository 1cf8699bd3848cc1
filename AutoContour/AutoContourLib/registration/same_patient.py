"""Whether two images are of one patient by their own identity, told before anybody looks at pixels.

Two patients can fit each other well enough to pass every measure of likeness, so that identifiers
that differ are said whatever the images look like.
"""

from __future__ import annotations

from AutoContourLib.study.series_facts import series_facts
from MedImageLib.errors import Remark
from MedImageLib.volume import Volume


def different_patients(first: Volume, second: Volume) -> Remark | None:
    """A remark where both images tell a patient and it is not the same one; else None.

    Identifiers are compared as hashes and never shown. Images without one (NRRD, NIfTI) tell none.
    """
    keys = [series_facts(image).patient_key for image in (first, second)]
    if not all(keys) or keys[0] == keys[1]:
        return None
    return Remark(
        "different-patients",
        "The images belong to different patients by their identity. Do not use the registration "
        "unless you know that both are one person; correct the identity at the source.",
    )
