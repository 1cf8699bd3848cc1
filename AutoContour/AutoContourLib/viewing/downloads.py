"""The files of a processed study for a workstation: which there are, and each as it is.

A file is asked for by a name of the list, which is looked up; no path is made of what is sent.
"""

from __future__ import annotations

from AutoContourLib.viewing.handlers import StudyRequest
from AutoContourLib.viewing.study_content import content_files
from MedImageLib.errors import InputError

_CHUNK = 2**20


class StudyFiles(StudyRequest):
    """Names and bytes of the files that `read_content` needs."""

    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id, "load")
        self.finish(await self.in_thread(content_files, study.folder))


class StudyFile(StudyRequest):
    """One of them."""

    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id)
        name = self.get_query_argument("name")
        if name not in await self.in_thread(content_files, study.folder):
            raise InputError("The study has no such file.")
        path = study.folder / name
        self.set_header("Content-Type", "application/octet-stream")
        with path.open("rb") as stream:
            # Opened once: a file that is replaced meanwhile is told whole, as it was.
            while content := await self.in_thread(stream.read, _CHUNK):
                self.write(content)
                await self.flush()
