"""The command `medimage` inside of the application, and the packages that the application lacks.

As a script: `Slicer --no-splash --no-main-window --python-script MedImageLib/in_slicer.py --
COMMAND …` does what `medimage COMMAND …` does, and ends the application with its exit code.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from MedImageLib.packages import package_state, requirements_path

_POLL_S = 0.1


def run_command(words: Sequence[str]) -> int:
    """Run `medimage` with these words and return its exit code, whatever happens.

    Slicer hands over what follows its own options; a first `--` may still be among it.
    """
    words = list(words)[1:] if list(words[:1]) == ["--"] else list(words)
    try:
        from MedImageLib.__main__ import main

        return main(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ModuleNotFoundError as error:
        print(
            f"medimage: the package {error.name} is missing. Open one of the modules in the "
            "application once and press Apply: it installs what is needed.",
            file=sys.stderr,
        )
        return 1
    except Exception as error:
        # An uncaught error would leave the application running, and a batch waiting for it.
        print(f"medimage: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def ensure_packages(requester: str) -> None:
    """Install what the application lacks, after asking the person in front of it.

    requester: name of the module that asks. torch comes through the extension PyTorch, which
    chooses the variant for the machine; the rest of the list in `Resources/requirements.txt` by
    the application's own installer. Never called at import.

    Raises RuntimeError when the person declines or a package cannot be installed.
    """
    import slicer

    _ensure_torch()
    path = requirements_path()
    if importlib.util.find_spec("slicer.packaging") is not None:
        packaging = importlib.import_module("slicer.packaging")
        packaging.pip_ensure(packaging.load_requirements(str(path)), requester=requester)
        return
    # Slicer 5.10 has no such module.
    missing = package_state().missing
    if missing and not slicer.util.confirmOkCancelDisplay(
        f"{requester} needs these Python packages: {', '.join(missing)}. Install them now?"
    ):
        raise RuntimeError(f"{requester} cannot run without {', '.join(missing)}.")
    for requirement in missing:
        slicer.util.pip_install([requirement])


class PanelRun:
    """The computation of a panel: one at a time, in a process of its own.

    While it runs, the panel's button cancels, the label tells what is done and how long it will
    still take, the bar shows the share, and the application stays alive.

    keep: the process stays for the next call, which finds what this one has loaded.
    """

    def __init__(
        self, button: Any, label: Any, bar: Any, cancel_text: str, *, keep: bool = False
    ) -> None:
        self._button, self._label, self._bar = button, label, bar
        self._cancel_text = cancel_text
        self._keep = keep
        self._kept: Any = None
        self._job: Any = None

    @property
    def running(self) -> bool:
        return self._job is not None

    def cancel(self) -> None:
        """End the computation, if there is one; `call` then raises JobCancelledError."""
        if self._job is not None:
            self._job.cancel()

    def end(self) -> None:
        """As `cancel`; a process that was kept ends as well."""
        self.cancel()
        if self._kept is not None:
            self._kept.end()

    def rest(self) -> None:
        """Give the memory of a kept process back, unless it computes."""
        if self._kept is not None and not self.running:
            self._kept.end()

    def call(self, function: str, *arguments: Any) -> Any:
        """What `package.module:function` returns for the arguments; raises what it raises.

        Raises InputError while something else is computed: the panel stays alive meanwhile, and
        another of its buttons may have been pressed.
        """
        import slicer

        from MedImageLib.background.job import Job, KeptProcess
        from MedImageLib.errors import InputError

        if self.running:
            raise InputError("Something is being computed; wait for it, or cancel it first.")
        text, tip, enabled = self._button.text, self._button.toolTip, self._button.enabled
        self._button.text = self._button.toolTip = self._cancel_text
        self._button.enabled = True
        self._bar.value, self._bar.visible = 0, True
        if self._keep and self._kept is None:
            self._kept = KeptProcess(interpreter())
        self._job = Job(function, arguments, interpreter(), self._kept)
        try:
            while not (state := self._job.state()).ended:
                self._show(state)
                slicer.app.processEvents()
                time.sleep(_POLL_S)
            return self._job.result()
        finally:
            self._job = None
            self._bar.visible = False
            self._button.text, self._button.toolTip = text, tip
            self._button.enabled = enabled

    def _show(self, state: Any) -> None:
        from MedImageLib.batch.progress import duration
        from MedImageLib.panels.words import told

        self._bar.value = round(100 * state.share)
        if state.what:
            left = "" if state.seconds_left is None else duration(state.seconds_left)
            what = told(state.what)
            self._label.text = f"{what} ({left})" if left else what


class PackagesSection:
    """The part of a panel that tells which packages are missing and installs them.

    ui: the panel's widgets by name; this part is shown only while something is missing.
    """

    def __init__(self, ui: Any, cancel_text: str) -> None:
        self._section, self._label = ui.packagesCollapsibleButton, ui.packagesLabel
        self._path = ui.wheelsPathLineEdit
        bar = ui.installProgressBar
        bar.visible = False
        self._run = PanelRun(ui.installButton, self._label, bar, cancel_text)
        self.refresh()

    def cancel(self) -> None:
        """End an installation, if there is one."""
        self._run.cancel()

    def refresh(self) -> None:
        """Tell what is missing now; nothing is imported or installed."""
        state = package_state()
        self._section.visible = not state.complete
        from MedImageLib.panels.words import told

        self._label.text = told(state.in_words())

    def install(self) -> None:
        """Install what is missing; torch first, by its extension. A second call cancels.

        Raises InstallError or RuntimeError in words; what was there stays as it was.
        """
        from MedImageLib.background.job import JobCancelledError

        if self._run.running:
            self._run.cancel()
            return
        try:
            _ensure_torch()
            missing = package_state().missing
            wheels = self._path.currentPath
            self._run.call("MedImageLib.packages:install", missing, wheels)
            importlib.invalidate_caches()
            self.refresh()
        except JobCancelledError:
            self.refresh()
        except Exception:
            self.refresh()
            raise


def run_here(function: str, *arguments: Any) -> Any:
    """As `PanelRun.call`, at once and in this process: for scripts."""
    from MedImageLib.background.child import named

    return named(function)(*arguments)


def interpreter() -> str:
    """The Python to start processes with: the application's own console one where there is it."""
    return shutil.which("PythonSlicer") or sys.executable


def _ensure_torch() -> None:
    if importlib.util.find_spec("torch") is not None:
        return
    try:
        utilities: Any = importlib.import_module("PyTorchUtils")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "PyTorch is not installed. Install the extension PyTorch in the Extensions Manager, "
            "restart the application and try again."
        ) from error
    if utilities.PyTorchUtilsLogic().installTorch(askConfirmation=True) is None:
        raise RuntimeError("PyTorch is needed for this and was not installed.")


if __name__ == "__main__":
    # Run from the sources, the packages lie beside this folder and not on the path.
    root = Path(sys.argv[0]).resolve().parents[1]
    for folder in (root, *(root / name for name in ("MedImageMetric", "CardiacLV", "AutoContour"))):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    sys.exit(run_command(sys.argv[1:]))
