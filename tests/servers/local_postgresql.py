"""PostgreSQL from binaries on this machine, with its own settings but for addresses and connections: durability is as in production."""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from tests.servers import Database
from tests.servers.processes import Home, free_port, home

MAX_CONNECTIONS = 300


def find() -> Path | None:
    """The folder of the newest `initdb` and `postgres`: Debian keeps them out of the path, by version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def running(binaries: Path) -> Iterator[Database]:
    """A new cluster in a folder of its own; password sign-in only, no socket in shared folders."""
    with home("postgresql") as folder:
        database, command = configure(folder, binaries)
        # SIGQUIT is the immediate shutdown: it leaves no shared memory behind, and the data is thrown away with the folder.
        with folder.running(command, stop=signal.SIGQUIT) as server:
            folder.wait_for("PostgreSQL", server, lambda: connect(database.url))
            yield database


def configure(folder: Home, binaries: Path) -> tuple[Database, list[str | Path]]:
    """A new cluster's address, and the command that starts it; its files are in the folder."""
    password, port, data = secrets.token_hex(16), free_port(), folder.path / "data"
    pwfile = folder.write("password", password)
    folder.run([binaries / "initdb", "-D", data, "-U", "tradelane", f"--pwfile={pwfile}", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"])
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "max_connections": MAX_CONNECTIONS, "timezone": "UTC"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Database(f"postgresql://tradelane:{password}@127.0.0.1:{port}/postgres"), [binaries / "postgres", "-D", data, *options]


def connect(url: str) -> None:
    """Proves that the server answers; psycopg2.Error where it does not."""
    psycopg2.connect(url, connect_timeout=5).close()
