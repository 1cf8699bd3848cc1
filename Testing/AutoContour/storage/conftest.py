"""A real Orthanc on loopback, where Debian's packages are installed."""

from __future__ import annotations

import pytest

from AutoContourLib.storage.orthanc import RunningOrthanc, free_port, is_installed


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory):
    """The server and the port that it moves images to; shared, so each test has its own study."""
    if not is_installed():
        pytest.skip("needs Orthanc: apt-get install orthanc orthanc-dicomweb")
    port = free_port()
    with RunningOrthanc(tmp_path_factory.mktemp("orthanc"), own_port=port) as running:
        yield running, port
