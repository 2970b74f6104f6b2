"""A green process that keeps documents by way of a library with a loop of its own, as those for object stores have."""

from __future__ import annotations

import tradelane.up  # noqa: F401 - first of all: it makes the standard library green

# isort: split
import sys
import time

import eventlet
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.memory import MemoryFileSystem

from services.accounts.application.storage import Storage

MANY = 20


def main() -> None:
    storage = Storage("memory://bucket")
    storage._files = AsyncFileSystemWrapper(MemoryFileSystem())
    begun = time.monotonic()

    def keep(number: int) -> bool:
        storage.write(f"{number}", b"x" * number)
        return storage.exists(f"{number}") and len(storage.read(f"{number}")) == number

    kept = list(eventlet.GreenPool(5).imap(keep, range(MANY)))
    sys.stdout.write(f"{sum(kept)} kept, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
