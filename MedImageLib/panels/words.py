"""Words of the packages on their way into a panel: translated, where the application has one."""

from __future__ import annotations

from functools import lru_cache

from slicer.i18n import translate

from MedImageLib.phrases import CONTEXT, Phrasebook, read_phrases
from MedImageLib.resources import resource_path


def told(text: str) -> str:
    """What a package says, in the language of the application; English where it has none."""
    translations = _translations()
    if not text or not translations:
        return text
    return _book().translated(text, lambda phrase: translations.get(phrase, phrase))


@lru_cache(maxsize=1)
def _translations() -> dict[str, str]:
    """Of all phrases that have one; Slicer changes its language only when it starts anew."""
    phrases = read_phrases(resource_path("translations", "MedImage.ts")).phrases
    told_in = {phrase: str(translate(CONTEXT, phrase)) for phrase in phrases}
    return {phrase: words for phrase, words in told_in.items() if words != phrase}


@lru_cache(maxsize=1)
def _book() -> Phrasebook:
    return Phrasebook(_translations())
