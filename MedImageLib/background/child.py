"""The process that a job runs in: `python -m MedImageLib.background.child FOLDER`.

Reads the call from the job's private folder and leaves the result, or the error, there. With
`--serve` in place of the folder it does the calls of one folder after the other, which are named to
it line by line. Ends when the process that started it ends, so that no work goes on for nobody.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from MedImageLib.background.progress import listening
from MedImageLib.threads import wait_asleep
from MedImageLib.writing.atomic import finished_file

SERVE = "--serve"
CALL, RESULT, ERROR, PROGRESS = "call.pickle", "result.pickle", "error.pickle", "progress.json"


def run(folder: Path) -> int:
    """Do the call of the folder; 0 when there is a result, 1 when there is an error."""

    def show(share: float, what: str) -> None:
        with finished_file(folder / PROGRESS) as temporary:
            temporary.write_text(json.dumps({"share": share, "what": what}), "utf-8")

    try:
        name, arguments = pickle.loads((folder / CALL).read_bytes())
        with listening(show):
            value = named(name)(*arguments)
        _store(folder / RESULT, value)
    except BaseException as error:
        traceback.print_exc()
        _store(folder / ERROR, _told(error))
        return 1
    return 0


def named(name: str) -> Any:
    """The function `package.module:name`."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _store(path: Path, value: Any) -> None:
    with finished_file(path) as temporary, temporary.open("wb") as stream:
        pickle.dump(value, stream, protocol=pickle.HIGHEST_PROTOCOL)


def _told(error: BaseException) -> BaseException:
    """The error itself where it survives the way to the other process, else its words."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def _end_with_parent(folders: queue.Queue[Path]) -> None:
    # The pipe from the parent closes when it ends, whichever way.
    for line in sys.stdin.buffer:
        folders.put(Path(os.fsdecode(line.rstrip(b"\n"))))
    os._exit(1)


def main() -> int:
    wait_asleep()
    folders: queue.Queue[Path] = queue.Queue()
    threading.Thread(target=_end_with_parent, args=(folders,), daemon=True).start()
    if sys.argv[1] != SERVE:
        return run(Path(sys.argv[1]))
    while True:
        run(folders.get())


if __name__ == "__main__":
    sys.exit(main())
