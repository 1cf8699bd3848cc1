"""Threads that wait sleep, in the process and in the workers of a batch."""

from __future__ import annotations

import os

import pytest

from MedImageLib.batch.cluster import open_client
from MedImageLib.threads import wait_asleep

NAME = "OMP_WAIT_POLICY"


def test_what_the_user_chose_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "ACTIVE")
    wait_asleep()
    assert os.environ[NAME] == "ACTIVE"


def test_workers_are_told_before_they_load_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    with open_client(None, 1) as client:
        assert client.submit(os.environ.get, NAME).result(60) == "PASSIVE"
