"""The result that a node was made from, kept on the node, so that a scene that is opened again
shows it as before."""

from __future__ import annotations

import json
from typing import Any

from MedImageLib.results import Result, ResultError, result_from_dict, result_to_dict

_ATTRIBUTE = "MedImage.Result"


def set_result(node: Any, result: Result | None) -> None:
    """Keep a result on a node; None takes it away."""
    if result is None:
        node.RemoveAttribute(_ATTRIBUTE)
    else:
        node.SetAttribute(_ATTRIBUTE, json.dumps(result_to_dict(result)))


def stored_result(node: Any) -> Result | None:
    """The result of a node; None without one, with one that another version wrote, and while the
    packages that results need are not installed."""
    text = node.GetAttribute(_ATTRIBUTE) if node is not None else None
    if not text:
        return None
    try:
        return result_from_dict(json.loads(text), node.GetName())
    except (ValueError, ResultError, ModuleNotFoundError):
        return None
