"""Where the bytes of documents are: a folder, or an object store, through fsspec. A path is never written twice with other bytes.

Reading and writing take place off the hub. What is away is Unavailable, whatever its library raises.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from eventlet import patcher
from fsspec import asyn
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from nameko.extensions import DependencyProvider

from shared.kit.errors import Unavailable
from shared.platform.cpu import offload
from shared.platform.settings import settings

# What reaches an object store runs a loop in a thread of its own, and is asked from others: locks made green belong to one of them only.
asyn.threading = patcher.original("threading")

log = logging.getLogger(__name__)

PART = ".part"
"""What ends the name of a file that is being written."""

Result = TypeVar("Result")


class Storage:
    """`address` is a folder, or one of fsspec's (`s3://bucket/prefix`). Paths are relative to it."""

    def __init__(self, address: str) -> None:
        self._files, self._root = url_to_fs(address)

    def exists(self, path: str) -> bool:
        return self._reach(lambda: bool(self._files.exists(self._place(path))))

    def read(self, path: str) -> bytes:
        return self._reach(lambda: bytes(self._files.cat_file(self._place(path))))

    def write(self, path: str, content: bytes) -> None:
        """All of it or nothing, and lasting when this returns."""
        if isinstance(self._files, LocalFileSystem):
            self._reach(lambda: _write_file(Path(self._root), path, content))
        else:  # an object store has an object whole, or not at all
            self._reach(lambda: self._files.pipe_file(self._place(path), content))

    def remove(self, path: str) -> None:
        """Harmless where it is gone already."""
        self._reach(lambda: self._remove(self._place(path)))

    def paths(self) -> list[str]:
        """All that is there, what is being written included."""
        found = self._reach(lambda: self._files.find(self._root))
        return [each.removeprefix(self._root).lstrip("/") for each in found]

    def _remove(self, place: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(place)

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _reach(self, work: Callable[[], Result]) -> Result:
        try:
            return offload(work)
        except Exception as error:
            log.error("the documents cannot be reached", exc_info=error)
            raise Unavailable("documents_unavailable", "Documents cannot be reached at the moment; try again shortly.") from error


def _write_file(root: Path, path: str, content: bytes) -> None:
    """Written beside its place, and moved there once it is on the disk."""
    root.mkdir(0o700, parents=True, exist_ok=True)
    place = root / path
    place.parent.mkdir(exist_ok=True)
    part = place.with_name(place.name + PART)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)
    for folder in (place.parent, root):
        entry = os.open(folder, os.O_RDONLY)
        os.fsync(entry)
        os.close(entry)


class Documents(DependencyProvider):  # type: ignore[misc]
    """The storage that DOCUMENTS names."""

    def setup(self) -> None:
        self.storage = Storage(settings().documents)

    def get_dependency(self, worker_ctx: Any) -> Storage:
        return self.storage
