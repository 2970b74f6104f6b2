"""The servers come from where they should, answer, and go away however their owner ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker.errors
import psycopg2
import pytest

from tests.servers import Broker, Database, ServerUnavailable, debian, docker_engine, local_postgresql, local_rabbitmq, sources

ROOT = Path(__file__).parents[2]


def test_a_broker_named_in_the_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER", "amqp://me:secret@broker.example:5673/tests")
    monkeypatch.delenv("TEST_MANAGEMENT", raising=False)
    with sources.rabbitmq() as broker:
        assert broker == Broker("amqp://me:secret@broker.example:5673/tests", "http://me:secret@broker.example:15672")


def test_a_database_named_in_the_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE", "postgresql://me:secret@database.example/tests")
    with sources.postgresql() as database:
        assert database == Database("postgresql://me:secret@database.example/tests")


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEST_BROKER", "TEST_DATABASE", "TRADELANE_NO_APT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(docker_engine, "find", lambda: None)


class Given:
    """Stands in for a source: remembers whether it was asked."""

    def __init__(self, address: Database | Exception) -> None:
        self.address = address
        self.asked = False

    @contextmanager
    def __call__(self, _found: object) -> Iterator[Database]:
        self.asked = True
        if isinstance(self.address, Exception):
            raise self.address
        yield self.address


@pytest.mark.usefixtures("nothing_named")
def test_docker_comes_before_local_binaries(monkeypatch: pytest.MonkeyPatch) -> None:
    in_docker = Given(Database("in docker"))
    monkeypatch.setattr(docker_engine, "find", lambda: "an engine")
    monkeypatch.setattr(docker_engine, "postgresql", in_docker)
    with sources.postgresql() as database:
        assert database.url == "in docker"


@pytest.mark.usefixtures("nothing_named")
@pytest.mark.parametrize("failure", [docker.errors.ImageNotFound("postgres:17"), ServerUnavailable("it did not answer")])
def test_an_engine_that_cannot_give_the_image_is_passed_over(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    monkeypatch.setattr(docker_engine, "find", lambda: "an engine")
    monkeypatch.setattr(docker_engine, "postgresql", Given(failure))
    monkeypatch.setattr(local_postgresql, "find", lambda: Path("/somewhere"))
    monkeypatch.setattr(local_postgresql, "running", Given(Database("local")))
    with sources.postgresql() as database:
        assert database.url == "local"


@pytest.mark.usefixtures("nothing_named")
def test_packages_are_installed_only_where_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(local_rabbitmq, "find", lambda: Path("/somewhere") if installed else None)
    monkeypatch.setattr(local_rabbitmq, "running", Given(Database("local")))
    monkeypatch.setattr(debian, "install", installed.append)
    for _ in range(2):
        with sources.rabbitmq():
            pass
    assert installed == ["rabbitmq-server"]


@pytest.mark.parametrize(
    ("apt", "refused", "user", "reason"),
    [
        (None, "", 0, "nor apt-get"),
        ("/usr/bin/apt-get", "1", 0, "TRADELANE_NO_APT forbids"),
        ("/usr/bin/apt-get", "", 1000, "only root may"),
    ],
)
def test_where_packages_cannot_be_installed_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, apt: str | None, refused: str, user: int, reason: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: apt)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("nothing may be run"))
    monkeypatch.setenv("TRADELANE_NO_APT", refused)
    with pytest.raises(ServerUnavailable, match=reason) as caught:
        debian.install("postgresql")
    assert "sudo apt-get install -y -qq --no-install-recommends postgresql" in str(caught.value)
    assert "TEST_DATABASE" in str(caught.value)


def test_no_service_starts_while_packages_are_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy-rc.d"
    steps: list[tuple[str, int]] = []

    def run(step: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        steps.append((step[1], subprocess.call([policy])))
        return subprocess.CompletedProcess(step, 0)

    monkeypatch.setattr(debian, "_POLICY", policy)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("TRADELANE_NO_APT", raising=False)
    debian.install("postgresql")
    assert steps == [("update", 101), ("install", 101)]
    assert not policy.exists()
    assert "TRADELANE_NO_APT=1 refuses" in capsys.readouterr().err


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that a server's own account may enter, as it may not enter root's `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_is_gone_after_its_owner_however_it_ended(number: signal.Signals, open_folder: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", "import time\nfrom tests.servers import postgresql\nwith postgresql() as it: print(it.url, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "TEST_DATABASE"} | {"TMPDIR": str(open_folder), "DOCKER_HOST": "tcp://nowhere"},
    )
    assert owner.stdout
    url = owner.stdout.readline().strip()
    psycopg2.connect(url, connect_timeout=30).close()
    owner.send_signal(number)
    owner.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while list(open_folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(open_folder.iterdir())
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url, connect_timeout=30)


def test_both_servers_answer_and_the_broker_shows_its_management(broker_url: str, management_url: str, database_url: str) -> None:
    local_rabbitmq.connect(Broker(broker_url, management_url))
    local_postgresql.connect(database_url)
