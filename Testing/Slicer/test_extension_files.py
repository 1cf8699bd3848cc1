"""What only the application's build reads: CMake files, panels, icons, requirements."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = ("MedImageMetric", "CardiacLV", "AutoContour")
SOURCES = (
    "US 2020/0211186 A1",
    "US 11,545,255 B2",
    "CN 109003270 A",
    "US 12,394,057 B2",
    "scalable and compact convolutional neural network",
)


def listed(folder: Path, variables: tuple[str, ...]) -> set[str]:
    """What the file(GLOB_RECURSE) commands of a CMakeLists.txt find, relative to the root."""
    text = (folder / "CMakeLists.txt").read_text("utf-8")
    found: set[str] = set()
    for variable, body in re.findall(r"file\(GLOB_RECURSE (\w+)([^)]*)\)", text):
        if variable not in variables:
            continue
        for word in body.split()[1:]:
            pattern = word.replace("${MODULE_NAME}", folder.name)
            if "${EXTENSION_ROOT}/" in pattern:
                base, pattern = REPOSITORY, pattern.replace("${EXTENSION_ROOT}/", "")
            elif "$" in pattern or pattern == "RELATIVE":
                continue
            else:
                base = folder
            first, _, last = pattern.rpartition("/")
            found |= {str(p.relative_to(REPOSITORY)) for p in (base / first).rglob(last)}
    return {name for name in found if (REPOSITORY / name).is_file()}


def tracked(*folders: str) -> set[str]:
    """Files of these folders that belong to the product, hidden and generated ones apart."""
    return {
        str(path.relative_to(REPOSITORY))
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file()
        and not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
        and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("name", MODULES)
def test_every_file_of_a_module_is_built_into_it(name):
    folder = REPOSITORY / name
    scripts = listed(folder, ("MODULE_PYTHON_SCRIPTS",))
    resources = listed(folder, ("MODULE_PYTHON_RESOURCES",))
    wanted = {n for n in tracked(name) if "/Testing/" not in n and not n.endswith("CMakeLists.txt")}
    assert scripts | resources == wanted
    assert f"{name}/{name}.py" in scripts
    assert {f"{name}/Resources/Icons/{name}.png", f"{name}/Resources/UI/{name}.ui"} <= resources


def test_every_file_of_the_library_is_built_into_it():
    folder = REPOSITORY / "MedImageLib"
    found = listed(folder, ("LIBRARY_SCRIPTS", "LIBRARY_RESOURCES"))
    wanted = tracked("MedImageLib", "Resources") - {"MedImageLib/CMakeLists.txt"}
    assert wanted <= found, f"not copied: {sorted(wanted - found)}"


def test_names_at_the_top_are_unique():
    """All scripts share one folder in the application."""
    names = ["MedImageLib", "Resources"]
    for module in MODULES:
        names += [p.name for p in (REPOSITORY / module).iterdir() if p.suffix == ".py"]
        names += [p.name for p in (REPOSITORY / module).iterdir() if p.name.endswith("Lib")]
    assert len(names) == len(set(names))
    shared = [
        path.relative_to(REPOSITORY / module).as_posix()
        for module in MODULES
        for path in (REPOSITORY / module / "Resources").rglob("*")
        if path.is_file()
    ] + [str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "Resources").rglob("*.*")]
    assert len(shared) == len(set(shared))


def test_the_description_names_the_five_sources():
    text = (REPOSITORY / "CMakeLists.txt").read_text("utf-8")
    joined = re.sub(r'"\s+"', "", text)
    for source in SOURCES:
        assert source in joined
    for module in ("MedImageLib", *MODULES):
        assert f"add_subdirectory({module})" in text


def test_the_entry_of_the_index_says_what_the_build_says():
    entry = json.loads((REPOSITORY / "MedImage.json").read_text("utf-8"))
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    known = {"$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies"}
    known |= {"build_subdirectory", "enabled", "tier", "dicom_support_rule"}
    assert {"$schema", "category", "scm_url"} <= set(entry) <= known
    text = (REPOSITORY / "CMakeLists.txt").read_text("utf-8")
    assert f'set(EXTENSION_URL "{entry["scm_url"].removesuffix(".git")}")' in text
    depends = re.search(r"set\(EXTENSION_DEPENDS ([^)]*)\)", text)
    assert depends is not None
    assert depends[1].split() == entry["build_dependencies"]
    assert 1 <= entry["tier"] <= 5


@pytest.mark.parametrize("name", MODULES)
def test_panel_and_parameters_match(name):
    root = ET.parse(REPOSITORY / name / "Resources" / "UI" / f"{name}.ui").getroot()
    bound = [
        "".join(item.itertext()).strip()
        for item in root.iter("property")
        if item.get("name") == "SlicerParameterName"
    ]
    tree = ast.parse((REPOSITORY / name / f"{name}.py").read_text("utf-8"))
    parameters = next(
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == f"{name}ParameterNode"
    )
    names = [n.target.id for n in parameters.body if isinstance(n, ast.AnnAssign)]
    assert sorted(bound) == sorted(names)
    for item in root.iter("property"):
        if item.get("name") == "SlicerParameterName":
            assert item.get("stdset") == "0"
    widgets = [w.get("name") for w in root.iter("widget")]
    assert len(widgets) == len(set(widgets))
    declared = {"".join(c.find("class").itertext()) for c in root.iter("customwidget")}
    used = {w.get("class") for w in root.iter("widget")}
    assert {c for c in used if not c.startswith("Q")} == declared
    selectors = {
        w.get("name") for w in root.iter("widget") if w.get("class") == "qMRMLNodeComboBox"
    }
    connected = {"".join(c.find("receiver").itertext()) for c in root.iter("connection")}
    assert connected == selectors


@pytest.mark.parametrize("name", MODULES)
def test_the_module_has_the_classes_and_methods_of_the_template(name):
    tree = ast.parse((REPOSITORY / name / f"{name}.py").read_text("utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert list(classes) == [name + end for end in ("", "ParameterNode", "Widget", "Logic", "Test")]
    methods = [n.name for n in classes[f"{name}Widget"].body if isinstance(n, ast.FunctionDef)]
    assert methods[:12] == [
        "__init__",
        "setup",
        "cleanup",
        "enter",
        "exit",
        "onSceneStartClose",
        "onSceneEndClose",
        "initializeParameterNode",
        "setParameterNode",
        "_checkCanApply",
        "onApplyButton",
        "_apply",
    ]


@pytest.mark.parametrize("name", MODULES)
def test_texts_can_be_translated(name):
    """What `_()` is given must be a constant: a formatted one is in no dictionary."""
    tree = ast.parse((REPOSITORY / name / f"{name}.py").read_text("utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]
    assert len(calls) > 5
    for call in calls:
        [argument] = call.args
        assert isinstance(argument, ast.Constant), f"line {call.lineno}"


@pytest.mark.parametrize("name", MODULES)
def test_nothing_heavy_is_loaded_with_the_module(name):
    tree = ast.parse((REPOSITORY / name / f"{name}.py").read_text("utf-8"))
    loaded = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            loaded |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            loaded.add((node.module or "").split(".")[0])
    assert loaded <= {"importlib", "sys", "pathlib", "typing", "slicer", "vtk"}


@pytest.mark.parametrize("path", [f"{n}/Resources/Icons/{n}.png" for n in MODULES])
def test_icons_are_square(path):
    from PIL import Image

    with Image.open(REPOSITORY / path) as icon:
        assert icon.size == (128, 128)
        assert icon.mode == "RGBA"


def test_requirements_are_those_of_the_console_without_the_application():
    from MedImageLib.packages import requirement_lines

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {line.split(">=")[0].lower(): line for line in project["dependencies"]}
    for name in ("torch", "slicer-core", "numpy", "scipy"):
        needed.pop(name)
    lines = {line.split(">=")[0].lower(): line for line in requirement_lines()}
    assert lines == needed
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", line) for line in lines.values())


def test_cmake_configures_and_copies_everything(tmp_path):
    """With a stand-in for Slicer's macros, whose arguments and checks are the real ones'."""
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    double = Path(__file__).resolve().parent / "cmake_double"
    build = tmp_path / "build"
    configured = subprocess.run(
        [cmake, "-S", REPOSITORY, "-B", build, f"-DSlicer_DIR={double}", "-DBUILD_TESTING=ON"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert configured.returncode == 0, configured.stderr
    modules = build / "lib" / "qt-scripted-modules"
    copied = {str(p.relative_to(modules)) for p in modules.rglob("*") if p.is_file()}
    wanted = tracked("MedImageLib", "Resources") - {"MedImageLib/CMakeLists.txt"}
    for module in MODULES:
        wanted |= {
            name.removeprefix(f"{module}/")
            for name in tracked(module)
            if "/Testing/" not in name and not name.endswith("CMakeLists.txt")
        }
    assert copied == wanted
