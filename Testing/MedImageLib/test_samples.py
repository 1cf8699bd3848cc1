"""Samples: downloaded from a server of this test, checked, and never half there."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from MedImageLib import __main__ as command
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.resources import RESOURCES_VARIABLE
from MedImageLib.samples import download_sample, list_samples

CONTENT = b"NRRD0004 real pixels" * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if "gone" in self.path:
            self.send_error(404)
            return
        whole = CONTENT if SHA in self.path else CONTENT[::-1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[: len(whole) // 2] if "cut" in self.path else whole)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server with the samples good, wrong, gone and cut; gives the paths that were asked for."""
    Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    digests = {"good": SHA, "wrong": "0" * 64, "gone": "gone", "cut": "cut"}
    listed = {
        "base": f"http://127.0.0.1:{server.server_port}/",
        "samples": [
            {"name": name, "file": f"{name}.nrrd", "sha256": digest, "purpose": "tests"}
            for name, digest in digests.items()
        ],
    }
    resources = tmp_path / "resources"
    resources.mkdir()
    (resources / "samples.json").write_text(json.dumps(listed))
    monkeypatch.setenv(RESOURCES_VARIABLE, str(resources))
    yield Handler.asked
    server.shutdown()
    server.server_close()


def test_a_sample_is_loaded_once(tmp_path: Path, asked: list[str]) -> None:
    for _ in range(2):
        path = download_sample("good", tmp_path / "out")
        assert path.read_bytes() == CONTENT
    assert asked == [f"/SHA256/{SHA}"]


@pytest.mark.parametrize(
    ("name", "told"), [("wrong", "Nothing was kept"), ("gone", "404"), ("cut", "cut")]
)
def test_what_is_not_right_is_not_kept(
    tmp_path: Path, asked: list[str], name: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        download_sample(name, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_another_file_of_that_name_is_left_alone(tmp_path: Path, asked: list[str]) -> None:
    (tmp_path / "good.nrrd").write_text("mine")
    with pytest.raises(InputError, match="left alone"):
        download_sample("good", tmp_path)
    assert (tmp_path / "good.nrrd").read_text() == "mine"


def test_an_unknown_name_is_wrong_use(tmp_path: Path, asked: list[str]) -> None:
    with pytest.raises(SettingsError, match="Known: good"):
        download_sample("bad", tmp_path)


def test_the_command(tmp_path: Path, asked: list[str], capsys) -> None:
    assert command.main(["samples"]) == 0
    assert "good   tests" in capsys.readouterr().out
    assert command.main(["samples", "good", "-o", str(tmp_path)]) == 0
    assert (tmp_path / "good.nrrd").read_bytes() == CONTENT
    assert command.main(["samples", "bad"]) == 2


def test_the_products_list_is_sound() -> None:
    samples = list_samples()
    assert len(samples) >= 10
    for sample in samples.values():
        assert len(bytes.fromhex(sample.sha256)) == 32
        assert sample.address.startswith("https://")
        assert Path(sample.file).name == sample.file
