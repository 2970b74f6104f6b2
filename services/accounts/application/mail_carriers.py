"""Who carries mails away: a mail server over SMTP, or a folder, where each is a file that any mail program opens.

A mail's headers are written by the standard library's mail policy, which takes no line break in any of them.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from eventlet import Timeout

from shared.platform.settings import Settings

PATIENCE = 20.0
"""Seconds that a mail server has for each of its answers."""
DEADLINE = 120.0
"""Seconds that one mail may take in all."""

_POLICY = SMTP.clone(cte_type="7bit")  # readable as it is wherever it is ASCII, and taken by every server
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ENCRYPTED, _SUBMISSION = 465, 587


class Refused(Exception):
    """It will never be taken."""


class NotNow(Exception):
    """It may be taken later."""


class Letter(Protocol):
    """What a mail is made of; `recipient` is an address."""

    id: str
    recipient: str
    subject: str
    text: str
    created_at: datetime


class Carrier(Protocol):
    """`place` says where mails go, in words and without a password."""

    place: str

    def deliver(self, letter: Any) -> None:
        """Raises Refused or NotNow where it was not taken."""


class Folder:
    """One file a mail: `<id>.eml`, the latest sorting last. Only their owner may read them, for there are tokens in them."""

    def __init__(self, path: Path, sender: str) -> None:
        self.path, self.sender = path, sender
        self.place = f"{path}/*.eml"

    def deliver(self, letter: Letter) -> None:
        content, part = bytes(compose(letter, self.sender)), self.path / f".{letter.id}"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - pathlib knows no mode to create with
                file.write(content)
            part.replace(self.path / f"{letter.id}.eml")
        except OSError as error:
            raise NotNow(f"{self.path}: {error.strerror}") from error


class MailServer:
    """`url` is `smtp://` (port 587 unless it says another; encrypted by STARTTLS where the server offers it) or `smtps://` (encrypted from the start, port 465),
    with user and password where the server wants them."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self.host, self.encrypted, self.sender = str(parts.hostname), parts.scheme == "smtps", sender
        self.port = parts.port or (_ENCRYPTED if self.encrypted else _SUBMISSION)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.place = f"{parts.scheme}://{self.host}:{self.port}"

    def deliver(self, letter: Letter) -> None:
        message = compose(letter, self.sender)
        try:
            with Timeout(DEADLINE, TimeoutError("took too long")), self._session() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, said)] = error.recipients.values()
            raise _answered(code, said) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(str(error)) from error
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:  # of the connection, whatever the mail
            raise NotNow(_said(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, error.smtp_error) from error
        except OSError as error:
            raise NotNow(f"{self.place}: {error or type(error).__name__}") from error

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        tls = ssl.create_default_context()
        connected = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=PATIENCE, context=tls) if self.encrypted else smtplib.SMTP(self.host, self.port, timeout=PATIENCE)
        )
        try:
            connected.ehlo_or_helo_if_needed()
            if not self.encrypted and connected.has_extn("starttls"):
                connected.starttls(context=tls)
            elif not self.encrypted and self.user and self.host not in _LOOPBACK:
                raise NotNow(f"{self.place} offers no encryption, and the password in MAIL_URL is not for everybody to read.")
            if self.user:
                connected.login(self.user, self.password)
            yield connected
            with suppress(OSError):  # the mail is taken: whoever leaves without a word need not get it again
                connected.quit()
        finally:
            connected.close()


def compose(letter: Letter, sender: str) -> EmailMessage:
    """The mail as it is sent: the same for the same letter, whenever it is made. Refused where its recipient is none that a mail can be addressed to."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _address(letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = letter.created_at
    message["Message-ID"] = f"<{letter.id}@{message['From'].addresses[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    message.set_content(letter.text)
    return message


def _address(email: str) -> Address:
    name, _, domain = email.rpartition("@")
    try:
        return Address(addr_spec=f"{name}@{domain.encode('idna').decode()}")
    except Exception as error:  # it raises whatever its parser stumbles over
        raise Refused(f"No mail can be addressed to {email!r}.") from error


def _answered(code: int, said: bytes | str) -> Refused | NotNow:
    """RFC 5321 § 4.2.1: an answer of 500 and above is for good."""
    return Refused(_said(code, said)) if code >= 500 else NotNow(_said(code, said))


def _said(code: int, said: bytes | str) -> str:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(words.split())}"[:500]


def configured(settings: Settings) -> Carrier:
    """By the settings MAIL_URL and MAIL_FROM."""
    if "://" in settings.mail_url:
        return MailServer(settings.mail_url, settings.mail_from)
    return Folder(Path(settings.mail_url).absolute() if settings.mail_url else settings.data / "mail", settings.mail_from)
