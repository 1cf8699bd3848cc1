"""What MedImageMetric does with a radiograph, for the command and for a case of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.batch.processors import Processor
from MedImageMetricLib.normality import case_processing
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.radiograph.settings import MetricSettings

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result
    from MedImageLib.volume import Volume
    from MedImageMetricLib.radiograph.assessment import Assessment
    from MedImageMetricLib.radiograph.rules import RuleSet
    from MedImageMetricLib.radiograph.site_profile import SiteProfile


def accepts(case: Case) -> bool:
    """Radiographs, and pictures that may be one."""
    if case.level != "series":
        return False
    return case.modality in ("CR", "DX", "RG") or case.kind in ("png", "jpeg")


def run(case: Case, folder: Path, settings: MetricSettings) -> Result:
    """Process the radiograph of a case. Raises InputError when it holds none."""
    from MedImageLib.errors import InputError
    from MedImageLib.reading import read_listed
    from MedImageLib.scan_verdict import with_verdict
    from MedImageLib.volume import Volume

    images = read_listed(case.files)
    if len(images) != 1 or not isinstance(images[0], Volume):
        raise InputError(f"{case.name}: holds {len(images)} images or frames, expected one.")
    source = case.files[0] if case.kind == "image" and len(case.files) == 1 else None
    radiograph = with_verdict(images[0], case.screened)
    return process_radiograph(radiograph, folder, settings, source)[0]


def process_radiograph(
    volume: Volume, folder: Path, settings: MetricSettings, source: Path | None = None
) -> tuple[Result, Assessment]:
    """Analyze and write all files but result.json; see `write_outputs`.

    source: the DICOM file of the radiograph. Raises InputError, SettingsError.
    """
    from MedImageMetricLib.radiograph.analysis import analyze_radiograph
    from MedImageMetricLib.radiograph.output import write_outputs

    analysis = analyze_radiograph(volume, settings, *rules_and_profile(settings))
    return write_outputs(folder, analysis, settings, source), analysis.assessment


def measure_radiograph(
    volume: Volume, settings: MetricSettings
) -> tuple[Result, Volume, dict[int, str]]:
    """Result, label map on the radiograph's own grid and the structure of each label.

    Nothing is written. Raises InputError, SettingsError.
    """
    from MedImageMetricLib.radiograph.analysis import analyze_radiograph
    from MedImageMetricLib.radiograph.label_map import input_labels
    from MedImageMetricLib.radiograph.result import result_of

    analysis = analyze_radiograph(volume, settings, *rules_and_profile(settings))
    labels, names = input_labels(analysis)
    return result_of(analysis, settings), labels, names


def process_inputs(inputs: Sequence[Path], out: Path, settings: MetricSettings) -> int:
    """Process files, and all radiographs of folders, into out/<stem>/ and out/metrics.csv.

    Lines that the table has from an earlier run stay. What is refused has a line, too, as not
    gradable. Returns the exit code: 0 all well, 1 some were refused. Raises InputError for
    folders without any radiograph and SettingsError for wrong rules and profiles.
    """
    from MedImageLib.reading import read_image
    from MedImageLib.single_cases import run_each
    from MedImageMetricLib.radiograph.metrics_table import (
        add_to_metrics,
        metrics_row,
        refused_row,
    )
    from MedImageMetricLib.radiograph.radiograph_files import is_dicom_file, radiograph_files

    rules_and_profile(settings)
    files = [path for given in inputs for path in radiograph_files(given, out)]
    rows = {str(path): refused_row(str(path)) for path in files}

    def process(path: Path, folder: Path) -> Result:
        source = path if is_dicom_file(path) else None
        result, assessment = process_radiograph(read_image(path), folder, settings, source)
        rows[str(path)] = metrics_row(str(path), assessment)
        return result

    code = run_each(files, out, process)
    add_to_metrics(out / "metrics.csv", list(rows.values()))
    return code


def export_radiograph(volume: Volume, folder: Path, settings: MetricSettings) -> Result:
    """The same files as of the command, and result.json, in a new folder."""
    from MedImageLib.single_cases import run_into

    return run_into(folder, lambda place: process_radiograph(volume, place, settings)[0])


def rules_and_profile(settings: MetricSettings) -> tuple[RuleSet, SiteProfile | None]:
    """What the settings name. Raises InputError, SettingsError."""
    from MedImageMetricLib.radiograph.rules import load_rules
    from MedImageMetricLib.radiograph.site_profile import read_profile

    rules = load_rules(settings.rules)
    names = [condition.name for condition in rules.conditions]
    return rules, read_profile(settings.profile, names) if settings.profile else None


PROCESSORS = (
    Processor(
        name="metric",
        accepts=accepts,
        run=run,
        settings=MetricSettings(),
        models=(
            "radiograph_lungs_heart",
            "radiograph_spine",
            "radiograph_scapulae",
            "radiograph_foreign_objects",
            "radiograph_pneumothorax",
            "radiograph_pleural_effusion",
        ),
    ),
    Processor(
        name="anomaly",
        accepts=case_processing.accepts,
        run=case_processing.run,
        settings=AnomalySettings(),
        models=case_processing.MODELS,
        screens=True,
    ),
)
