"""A mail server that really speaks SMTP (aiosmtpd), as a child process, and the mails that it took.

It refuses some recipients, by the first word of their address: `nobody.…` for good, `full.…` for now.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.servers.processes import WITH_US, free_port

START_SECONDS = 30


class MailServer:
    """`url` is what the setting MAIL_URL takes. `stop` and `start` may be called in turn: what it took stays."""

    def __init__(self, folder: Path, scheme: str = "smtp", user: str = "", password: str = "", certificate: Path | None = None) -> None:
        self.folder, self.port = folder, free_port()
        login = f"{user}:{password}@" if user else ""
        self.url = f"{scheme}://{login}localhost:{self.port}"
        options = ["--user", user, "--password", password, "--certificate", str(certificate or ""), *(["--smtps"] if scheme == "smtps" else [])]
        self._command = [sys.executable, "-W", "ignore", "-m", "tests.builders.mail_server", str(folder), str(self.port), *options]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([*WITH_US, *self._command], stdout=subprocess.PIPE, process_group=0, cwd=Path(__file__).parents[2])
        assert self.process.stdout
        if self.process.stdout.readline() != b"ready\n":
            self.stop()
            raise RuntimeError("the mail server did not start")

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(START_SECONDS)
            assert process.stdout
            process.stdout.close()

    def mails(self, to: str) -> list[EmailMessage]:
        """Those to this address, in any case, in the order in which they came."""
        return mails_in(self.folder, to)


@contextmanager
def running_mail_server(folder: Path, **options: Any) -> Iterator[MailServer]:
    folder.mkdir(exist_ok=True)
    server = MailServer(folder, **options)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def mails_in(folder: Path, to: str) -> list[EmailMessage]:
    """The mails in a folder of `.eml` files that are to this address, in the order of their names."""
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.glob("*.eml"))]
    return [each for each in found if isinstance(each, EmailMessage) and str(each["To"]).casefold() == to.casefold()]


def token_in(text: str) -> str:
    """The token that stands in a mail's text, on a line of its own."""
    [token] = [line.strip() for line in text.splitlines() if len(line.strip()) == 43 and " " not in line.strip()]
    return token


def text_of(mail: EmailMessage) -> str:
    """As it was written: lines end as SMTP wants them on the way."""
    return str(mail.get_content()).replace("\r\n", "\n")


def mail_arrives(mails: Any, number: int = 1, seconds: float = 60) -> EmailMessage:
    """The latest of `mails()`, once there are so many."""
    deadline = time.monotonic() + seconds
    while len(found := mails()) < number:
        assert time.monotonic() < deadline, f"{len(found)} of {number} mails came"
        time.sleep(0.05)
    latest: EmailMessage = found[-1]
    return latest


class _Handler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the library's name
        if address.startswith("nobody."):
            return "550 5.1.1 There is nobody of this name"
        if address.startswith("full."):
            return "452 4.2.2 The mailbox is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        part = self.folder / f".{uuid4()}"
        part.write_bytes(envelope.content)
        part.rename(self.folder / f"{time.time_ns()}.eml")
        return "250 OK"


async def _serve(asked: argparse.Namespace) -> None:
    from aiosmtpd.smtp import SMTP, AuthResult  # noqa: PLC0415 - the tests that only start this process need none of it

    def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (asked.user.encode(), asked.password.encode()), handled=False)

    tls = None
    if asked.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(asked.certificate)

    def session() -> SMTP:
        login = {"authenticator": authenticator, "auth_required": True, "auth_require_tls": bool(tls) and not asked.smtps} if asked.user else {}
        return SMTP(_Handler(asked.folder), tls_context=None if asked.smtps else tls, **login)

    server = await asyncio.get_running_loop().create_server(session, "localhost", asked.port, ssl=tls if asked.smtps else None)
    os.write(sys.stdout.fileno(), b"ready\n")
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    for name in ("--user", "--password", "--certificate"):
        parser.add_argument(name, default="")
    parser.add_argument("--smtps", action="store_true")
    asyncio.run(_serve(parser.parse_args()))
