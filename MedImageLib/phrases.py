"""The words of the packages that a person reads, as phrases that can be translated.

Packages know no translator: they say sentences with numbers and names in them. A phrase is such a
sentence with {0}, {1}, … in place of these; a phrasebook finds the phrase of a sentence again and
puts its parts into the translation. `python -m MedImageLib.phrases FOLDER… -o MedImage.ts`
collects the phrases of source files for Qt's translators.
"""

from __future__ import annotations

import argparse
import ast
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

CONTEXT = "MedImage"
_CALLS = {"Remark", "QualityFlag", "NotAssessable", "tell", "Guess", "number_guess", "Finding"}
_OF_COMMANDS = {"setting", "add_argument", "add_parser", "Command", "print"}
_KEYWORDS = {"findings", "text", "guidance", "reason", "reasons", "words", "caption"}
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_HOLE = re.compile(r"\{(\d+)\}")
_WITHIN, _ANY = r"((?:(?![.!?;]\s).)+?)", "(.+?)"  # holes within a sentence, and any
_LONGEST_RUN = 4  # sentences of one phrase
_Found = tuple[str, tuple[str, ...]]
_LEAST_LETTERS = 4  # of a phrase with holes: fewer would fit anything


class Phrasebook:
    """Phrases by which sentences are translated; see the module."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = frozenset(phrases)

    def translated(self, text: str, translate: Callable[[str], str]) -> str:
        """A text of lines and sentences in another language; what is not known stays as it is.

        translate: of a phrase; gives back the phrase itself where it has no translation.

        >>> book = Phrasebook(["Offset of {0} mm.", "Heart"])
        >>> book.translated("Offset of 3.2 mm. Heart", {"Offset of {0} mm.": "{0} mm versetzt.",
        ...     "Heart": "Herz"}.get)
        '3.2 mm versetzt. Herz'
        """
        return "\n".join(self._line(line, translate) for line in text.split("\n"))

    def unknown(self, text: str) -> list[str]:
        """Sentences of a text that no phrase fits."""
        return [
            run
            for line in text.split("\n")
            if self._phrase(line, _ANY) is None
            for run, found in self._runs(line)
            if found is None and any(map(str.isalpha, run))
        ]

    def _line(self, line: str, translate: Callable[[str], str]) -> str:
        runs = self._runs(line)
        if any(found is None for _, found in runs):
            # A part may be told in sentences of its own.
            whole = self._phrase(line, _ANY)
            runs = [(line, whole)] if whole is not None else runs
        return " ".join(
            run if found is None else self._filled(*found, translate) for run, found in runs
        )

    def _runs(self, line: str) -> list[tuple[str, _Found | None]]:
        """The sentences of a line, as many together as one phrase says."""
        sentences = _SENTENCE_END.split(line)
        runs: list[tuple[str, _Found | None]] = []
        at = 0
        while at < len(sentences):
            for end in range(min(len(sentences), at + _LONGEST_RUN), at, -1):
                run = " ".join(sentences[at:end])
                found = self._phrase(run, _WITHIN)
                if found is not None or end == at + 1:
                    runs.append((run, found))
                    at = end
                    break
        return runs

    def _filled(self, phrase: str, parts: tuple[str, ...], translate: Callable[[str], str]) -> str:
        # A part is a number or a name, or is said by a phrase of its own.
        filled = [self._line(part, translate) for part in parts]
        told = translate(phrase)
        return _HOLE.sub(lambda hole: filled[int(hole[1])], told) if parts else told

    def _phrase(self, sentence: str, holes: str) -> _Found | None:
        """The phrase of a sentence and what is in its holes. holes: pattern of these."""
        if sentence in self.phrases:
            return sentence, ()
        for phrase, pattern in self._patterns[holes]:
            match = pattern.fullmatch(sentence)
            if match is not None:
                return phrase, match.groups()
        return None

    @cached_property
    def _patterns(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        """Those with holes, the most particular first, by the pattern of the holes."""
        letters = {p: sum(map(str.isalpha, _HOLE.sub("", p))) for p in self.phrases}
        chosen = [p for p in self.phrases if _HOLE.search(p) and letters[p] >= _LEAST_LETTERS]
        chosen.sort(key=lambda p: (-letters[p], p))
        return {
            holes: [
                (p, re.compile(holes.join(map(re.escape, _HOLE.split(p)[::2])))) for p in chosen
            ]
            for holes in (_WITHIN, _ANY)
        }


def read_phrases(path: Path) -> Phrasebook:
    """The phrases of a file of Qt's translators."""
    return Phrasebook(one.text or "" for one in ET.parse(path).iter("source"))


def phrases_in(source: str) -> Iterator[str]:
    """What the source text of a module may say to a person: errors, remarks, findings, progress,
    and the strings of its tables of words."""
    for node in ast.walk(ast.parse(source)):
        for part in _said(node):
            yield from _strings(part)


def _said(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return list(node.exc.args)
    if isinstance(node, ast.Call) and _name(node.func) in _CALLS:
        return [*node.args, *(one.value for one in node.keywords)]
    if isinstance(node, ast.keyword) and node.arg in _KEYWORDS:
        return [node.value]
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
        return [node.value]
    if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
        return [node.value]
    if isinstance(node, ast.Call) and _name(node.func) in ("append", "extend", "join"):
        return list(node.args)
    return []


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _strings(node: ast.expr) -> Iterator[str]:
    """Sentences below an expression; a formatted one with holes for what it is given."""
    inside: set[int] = set()
    for part in ast.walk(node):
        if id(part) in inside:
            continue
        if isinstance(part, ast.Call) and _name(part.func) in _OF_COMMANDS:
            inside |= {id(one) for one in ast.walk(part)}
            continue
        text = None
        if isinstance(part, ast.JoinedStr):
            inside |= {id(one) for one in part.values if isinstance(one, ast.Constant)}
            holes = 0
            text = ""
            for value in part.values:
                if isinstance(value, ast.Constant):
                    text += str(value.value)
                else:
                    text += f"{{{holes}}}"
                    holes += 1
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            text = part.value
        if text is not None and _is_said(text):
            yield text.strip()


def _is_said(text: str) -> bool:
    """Words for a person: with a space between letters, no code, no markup."""
    plain = _HOLE.sub("", text)
    return (
        re.search(r"[^\W\d_]{2,}", plain) is not None
        and " " in text.strip()
        and not re.search(r"[<>\\=]|--|\n|__|\bSELECT\b|\bINSERT\b|\bCREATE\b|\bUPDATE\b", text)
    )


def _names(values: Any) -> Iterator[str]:
    """What the tables of a settings file name, as a person reads it."""
    if isinstance(values, dict):
        if isinstance(values.get("name"), str):
            yield values["name"].replace("_", " ")
        values = list(values.values())
    for one in values if isinstance(values, list) else ():
        yield from _names(one)


def write_phrases(path: Path, phrases: Iterable[str]) -> None:
    """A file for Qt's translators, without translations yet."""
    from MedImageLib.writing.atomic import finished_file

    root = ET.Element("TS", version="2.1", sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for phrase in sorted(set(phrases)):
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = phrase
        ET.SubElement(message, "translation", type="unfinished")
    ET.indent(root, " ")
    with finished_file(path) as temporary:
        text = ET.tostring(root, "unicode")
        temporary.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', "utf-8")


def main(words: list[str] | None = None) -> int:
    """Collect the phrases of folders of sources and of tables that name things."""
    from MedImageLib.settings import read_settings_file
    from MedImageLib.terminology import structures

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--words", nargs="*", default=[], help="single words beside the sentences")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args(words)
    sources = (path for folder in options.folders for path in sorted(folder.rglob("*.py")))
    found = {phrase for path in sources for phrase in phrases_in(path.read_text("utf-8"))}
    for folder in options.folders:
        for path in sorted(folder.rglob("*.toml")):
            found |= set(_names(read_settings_file(path)))
    found |= {one.name for one in structures()} | set(options.words)
    write_phrases(options.out, found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
