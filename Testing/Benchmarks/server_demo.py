"""What `make demo-server` runs: the demonstration of the server end, approved in a real Chromium.

The page is used as a physician uses it: the study is opened, a name is entered, all structures are
approved. A picture of it is kept beside the results. Without a Chromium the contours are approved
by the same function as the page's, which is said.

    python Testing/Benchmarks/server_demo.py OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "AutoContour" / "viewing"))

from chromium import Chromium, chromium_program

from AutoContourLib.storage.demonstration import Demonstration
from MedImageLib.errors import InputError

REVIEWER = "Demonstration"
STATE = "medimage.view.state"
DRAWN = (
    "[...document.querySelectorAll('figure:not([data-view=space]) canvas')]"
    ".every(c => c.dataset.complete === 'true')"
)


def approve(address: str, folder: Path) -> None:
    """Open the only study of the page at `address`, approve everything, keep a picture.

    Raises InputError when the page does not do what it is asked for.
    """
    folder.mkdir()
    try:
        with Chromium(folder) as browser:
            page = browser.user(address)
            page.click("[data-study]")
            page.wait(f"{STATE} !== null && {DRAWN}")
            page.choose("#who", REVIEWER)
            page.click("#approve-all")
            marks = page.wait(
                f"{STATE}.review.first.every(m => m.state === 'approved') && {STATE}.review.first"
            )
            page.screenshot(folder / "approved.png")
            complaints = page.complaints()
    except AssertionError as error:
        raise InputError(f"The page in Chromium: {error}") from error
    if complaints or {mark["reviewer"] for mark in marks} != {REVIEWER}:
        raise InputError(f"The page in Chromium: {complaints or marks}")
    print(f"  {len(marks)} structures approved in Chromium, {folder / 'approved.png'}", flush=True)


def main() -> int:
    out = Path(sys.argv[1])
    demonstration = Demonstration(out, say=lambda text: print(text, flush=True))
    if chromium_program() is None:
        print("No Chromium here: the contours are approved without a browser.", flush=True)
        return 0 if demonstration.run() else 1
    return 0 if demonstration.run(lambda address: approve(address, out / "browser")) else 1


if __name__ == "__main__":
    sys.exit(main())
