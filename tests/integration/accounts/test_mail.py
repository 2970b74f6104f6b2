from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import delete, func, select, update

from services.accounts.application import mail, mailing
from services.accounts.application.mail_carriers import Carrier, Folder, MailServer as Connection, NotNow
from services.accounts.domain.mail import GIVEN_UP_AFTER, MOST, MOST_WITHIN, RESET_PASSWORD, pause
from services.accounts.models import mailed_tokens, mails
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from tests.builders.database import TestDatabase
from tests.builders.mail_server import MailServer, mails_in, running_mail_server, text_of, token_in
from tests.integration.accounts.scene import LI, PASSWORD, Accounts

LI_BY_NAME = {name: value for name, value in LI.items() if name != "email"}
SENDER = "Tradelane <post@tradelane.example>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with running_mail_server(tmp_path_factory.mktemp("mails")) as running:
        yield running


@pytest.fixture
def smtp(server: MailServer) -> Connection:
    return Connection(server.url, SENDER)


def write(database: TestDatabase, to: str, subject: str = "News", text: str = "Good news.\n", **more: Any) -> None:
    database.run(lambda tx: mail.send(tx, to, subject, text, **more))


def send(database: TestDatabase, carrier: Carrier, later: timedelta = timedelta(0)) -> None:
    """What is due so much later."""

    def run(work: Any, *args: Any) -> Any:
        with database.transaction(later) as tx:
            return work(tx, *args)

    mailing.work_off(run, carrier)


def registered(accounts: Accounts) -> Any:
    """An account whose holder's mail has left."""
    account = accounts.register()
    accounts.mails()
    with accounts.database.transaction() as tx:
        tx.execute(delete(mails))
    return account


def rows(database: TestDatabase, to: str | None = None) -> list[Mapping[str, Any]]:
    with database.transaction() as tx:
        found = tx.execute(select(mails).order_by(mails.c.created_at)).all()
    return [row._mapping for row in found if to in (None, row.recipient)]


def test_a_mail_reaches_its_server_as_it_was_written(database: TestDatabase, server: MailServer, smtp: Connection) -> None:
    text = "Grüße aus Köln.\n.\nA line with a dot alone ends no mail, " + "and a long one is no matter. " * 60 + "\n"
    write(database, "Li.Na@example.com", "Your order № 7", text)
    send(database, smtp)
    [received] = server.mails("li.na@example.com")
    assert (received["From"], received["To"], received["Subject"]) == (SENDER, "Li.Na@example.com", "Your order № 7")
    assert text_of(received) == text
    [row] = rows(database)
    assert (row["state"], row["attempts"], row["next_at"], row["reason"]) == ("sent", 1, None, None)
    assert received["Message-ID"] == f"<{row['id']}@tradelane.example>"
    assert received["Auto-Submitted"] == "auto-generated"


def test_what_is_not_committed_is_not_sent(database: TestDatabase, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        database.run(lambda tx: (mail.send(tx, "li@example.com", "News", "Good news."), 1 // 0))
    send(database, Folder(tmp_path, SENDER))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: everybody@example.com", "Hello\n\nA body", "Hello\x0b\x1c\u2028Bcc: everybody@example.com"])
def test_no_words_of_a_subject_become_a_header_or_a_body(database: TestDatabase, server: MailServer, smtp: Connection, subject: str) -> None:
    to = f"{new_id()}@example.com"
    write(database, to, subject)
    send(database, smtp)
    [received] = server.mails(to)
    assert received["Bcc"] is None
    assert str(received["Subject"]).startswith("Hello ")
    assert text_of(received) == "Good news.\n"


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a", "a@b@c.example", "<a@b.example>"])
def test_what_is_no_single_address_is_refused_before_any_server_is_asked(database: TestDatabase, tmp_path: Path, address: str) -> None:
    write(database, address)
    send(database, Folder(tmp_path, SENDER))
    assert list(tmp_path.iterdir()) == []
    [row] = rows(database)
    assert (row["state"], row["next_at"]) == ("failed", None)
    assert row["reason"].startswith("No mail can be addressed to")


def test_an_address_in_a_domain_with_letters_of_its_own_is_written_to(database: TestDatabase, server: MailServer, smtp: Connection) -> None:
    write(database, "li@bücher.example")
    send(database, smtp)
    assert len(server.mails("li@xn--bcher-kva.example")) == 1


def test_a_mail_that_is_refused_for_good_is_marked_and_left_alone(database: TestDatabase, smtp: Connection) -> None:
    write(database, "nobody.here@example.com")
    write(database, "li@example.com")
    send(database, smtp)
    send(database, smtp, timedelta(days=1))
    refused, taken = rows(database)
    assert (refused["state"], refused["attempts"], refused["reason"]) == ("failed", 1, "550 5.1.1 There is nobody of this name")
    assert taken["state"] == "sent"


def test_a_mail_that_is_refused_for_now_is_tried_again_ever_later_and_given_up_in_the_end(database: TestDatabase, smtp: Connection) -> None:
    write(database, "full.box@example.com")
    for attempts, later in enumerate((0, 60, 120), 1):
        send(database, smtp, timedelta(seconds=later))
        [row] = rows(database)
        assert (row["state"], row["attempts"], row["reason"]) == ("waiting", attempts, "452 4.2.2 The mailbox is full")
        assert row["next_at"] - row["created_at"] > timedelta(seconds=later) + pause(attempts) - timedelta(seconds=1)
    send(database, smtp, GIVEN_UP_AFTER)
    [row] = rows(database)
    assert (row["state"], row["reason"]) == ("failed", "Given up after 4 attempts: 452 4.2.2 The mailbox is full")


def test_a_mail_that_was_taken_by_a_server_which_leaves_without_a_word_is_not_sent_again(database: TestDatabase) -> None:
    def take(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            stream.write(b"220 mail.example\r\n")
            while not (line := stream.readline().upper()).startswith(b"QUIT"):
                if line.startswith(b"DATA"):
                    stream.write(b"354 Go on\r\n")
                    while stream.readline() != b".\r\n":
                        pass
                stream.write(b"250 OK\r\n")

    write(database, "li@example.com")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        server = pool.submit(take, listener)
        send(database, Connection(f"smtp://127.0.0.1:{listener.getsockname()[1]}", SENDER))
        server.result()
    assert [row["state"] for row in rows(database)] == ["sent"]


def test_while_the_server_is_away_mails_wait_and_leave_when_it_is_back(database: TestDatabase, tmp_path: Path) -> None:
    with running_mail_server(tmp_path) as server:
        server.stop()
        write(database, "li@example.com")
        smtp = Connection(server.url, SENDER)
        send(database, smtp)
        [row] = rows(database)
        assert (row["state"], row["attempts"]) == ("waiting", 1)
        assert "refused" in row["reason"]
        server.start()
        send(database, smtp, timedelta(seconds=20))
        assert len(server.mails("li@example.com")) == 1
    assert rows(database)[0]["state"] == "sent"


def test_a_mail_whose_sender_died_goes_out_again_under_its_own_name(database: TestDatabase, server: MailServer, smtp: Connection) -> None:
    to = f"{new_id()}@example.com"
    write(database, to)
    [letter] = database.run(mailing.lease)
    smtp.deliver(letter)  # and here it dies: nobody knows that it was taken
    send(database, smtp)
    assert len(server.mails(to)) == 1, "it is leased"
    send(database, smtp, mailing.LEASE)
    first, second = server.mails(to)
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])
    assert rows(database, to)[0]["state"] == "sent"


def test_replicas_share_the_mails_and_send_each_once(database: TestDatabase, tmp_path: Path) -> None:
    handed: list[str] = []

    class Counting(Folder):
        def deliver(self, letter: Any) -> None:
            handed.append(letter.id)
            super().deliver(letter)

    for number in range(12):
        write(database, f"li.{number}@example.com")
    replicas = [threading.Thread(target=send, args=(database, Counting(tmp_path, SENDER))) for _ in range(3)]
    for each in replicas:
        each.start()
    for each in replicas:
        each.join()
    assert len(handed) == len(set(handed)) == len(list(tmp_path.glob("*.eml"))) == 12


def test_in_a_folder_each_mail_is_a_file_that_its_owner_alone_reads(database: TestDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mail"
    write(database, "li@example.com")
    send(database, Folder(folder, SENDER))
    [file] = folder.iterdir()
    assert file.name == f"{rows(database)[0]['id']}.eml"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, file)] == [0o700, 0o600]
    assert [str(each["Subject"]) for each in mails_in(folder, "li@example.com")] == ["News"]


def test_a_folder_that_cannot_be_written_to_holds_mails_up(database: TestDatabase, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file is in the way")
    write(database, "li@example.com")
    send(database, Folder(tmp_path / "mail", SENDER))
    [row] = rows(database)
    assert (row["state"], "exists" in row["reason"]) == ("waiting", True)


def test_a_mails_token_is_stored_nowhere_and_made_as_it_leaves(accounts: Accounts, tmp_path: Path) -> None:
    database, account = accounts.database, registered(accounts)
    write(database, account["email"], text="Here it is:\n\n    {token}\n", account_id=account["id"], purpose=RESET_PASSWORD)
    send(database, Folder(tmp_path, SENDER))
    token = token_in(text_of(mails_in(tmp_path, account["email"])[-1]))
    with database.transaction() as tx:
        stored = repr([tx.execute(select(table)).all() for table in (mails, mailed_tokens)])
    assert token not in stored
    assert "{token}" in stored


def test_a_mail_with_a_token_leaves_for_no_stranger_and_not_again_within_a_minute(accounts: Accounts, tmp_path: Path) -> None:
    database, account = accounts.database, registered(accounts)
    write(database, "stranger@example.com", text="{token}", purpose=RESET_PASSWORD)
    for _ in range(3):
        write(database, account["email"], text="{token}", account_id=account["id"], purpose=RESET_PASSWORD)
    send(database, Folder(tmp_path, SENDER))
    assert len(list(tmp_path.glob("*.eml"))) == len(rows(database)) == 1


@pytest.mark.parametrize("who", ["one account to many addresses", "many accounts to one address"])
def test_no_more_than_five_mails_with_tokens_leave_in_an_hour(accounts: Accounts, who: str) -> None:
    holders = [accounts.signed_in(accounts.call("register", LI_BY_NAME | {"user_name": f"li.{number}"})) for number in range(MOST + 2)]

    def ask() -> int:
        for number, each in enumerate(holders):
            actor, email = (
                (holders[0], f"{number}@example.com")
                if who == "one account to many addresses"
                else (each, "".join(letter.upper() if place < number else letter for place, letter in enumerate("stranger@example.com")))
            )
            accounts.call("change_email", {"email": email, "password": PASSWORD}, actor)
        return len(accounts.mails())

    assert [ask(), ask()] == [MOST, 0]
    accounts.database.now += MOST_WITHIN
    assert ask() == MOST


def test_a_mail_whose_token_is_over_is_given_up(accounts: Accounts, smtp: Connection) -> None:
    database, account = accounts.database, registered(accounts)
    write(database, "full.box@example.com", text="{token}", account_id=account["id"], purpose=RESET_PASSWORD)
    send(database, smtp, timedelta(hours=1))
    assert [row["state"] for row in rows(database)] == ["failed"]


def test_mails_of_long_ago_that_left_or_failed_are_forgotten(database: TestDatabase, tmp_path: Path) -> None:
    folder = Folder(tmp_path, SENDER)
    for to in ("li@example.com", "no address", "wu@example.com"):
        write(database, to)
    send(database, folder)
    write(database, "later@example.com")
    with database.transaction() as tx:
        tx.execute(update(mails).where(mails.c.recipient == "wu@example.com").values(created_at=tx.now + timedelta(minutes=1)))
    with database.transaction(mailing.KEPT + timedelta(seconds=30)) as tx:
        mailing.sweep(tx)
    assert sorted(row["recipient"] for row in rows(database)) == ["later@example.com", "wu@example.com"]


def test_how_many_mails_there_are_is_told_by_state(database: TestDatabase, smtp: Connection) -> None:
    for to in ("li@example.com", "nobody.here@example.com"):
        write(database, to)
    send(database, smtp)
    write(database, "wu@example.com")
    with database.transaction() as tx:
        assert mail.by_state(tx) == {"sent": 1, "failed": 1, "waiting": 1}
        assert tx.execute(select(func.count()).select_from(mails)).scalar_one() == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of localhost, with its key, signed by itself."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), utc_now()
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + timedelta(hours=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_wants_it_gets_the_password_encrypted(
    scheme: str, certificate: Path, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_mail_server(tmp_path, scheme=scheme, user="post", password="p%40ss", certificate=certificate) as server:
        wrong = Connection(server.url.replace("p%40ss", "wrong"), SENDER)
        write(database, "li@example.com")
        send(database, wrong)
        [row] = rows(database)
        assert (row["state"], row["reason"][:3]) == ("waiting", "535"), "a wrong password is no fault of the mail's"
        send(database, Connection(server.url.replace("p%40ss", "p%2540ss"), SENDER), timedelta(minutes=1))
        assert len(server.mails("li@example.com")) == 1


def test_a_server_with_a_certificate_that_nobody_knows_gets_nothing(certificate: Path, database: TestDatabase, tmp_path: Path) -> None:
    with running_mail_server(tmp_path, certificate=certificate) as server:
        write(database, "li@example.com")
        send(database, Connection(server.url, SENDER))
        assert server.mails("li@example.com") == []
    [row] = rows(database)
    assert (row["state"], "CERTIFICATE_VERIFY_FAILED" in row["reason"]) == ("waiting", True)


def test_no_password_crosses_a_network_unencrypted(server: MailServer) -> None:
    away = Connection(server.url.replace("//", "//post:secret@"), SENDER)
    away.host = "127.0.0.2"  # as any other machine's
    with pytest.raises(NotNow) as caught:
        away.deliver(mailing.Letter(new_id(), "li@example.com", "News", "Good news.", utc_now()))
    assert "secret" not in str(caught.value)
