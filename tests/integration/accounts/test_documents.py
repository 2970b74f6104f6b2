from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.accounts.application import documents
from services.accounts.application.storage import Storage
from services.accounts.models import documents as table
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Invalid, NotFound, TooLarge, TradeError, Unavailable
from shared.kit.ids import new_id
from shared.platform.settings import settings
from shared.platform.store import Handle
from tests.builders.database import TestDatabase
from tests.integration.accounts.papers import PDF, PNG, upload
from tests.integration.accounts.scene import Accounts, actor_of

OPERATOR = Actor(new_id(), frozenset({"operator"}))
STRANGER = Actor(new_id(), frozenset({"buyer", "supplier", "carrier"}))


@pytest.fixture(params=["folder", "object store"])
def accounts(request: pytest.FixtureRequest, database: TestDatabase, tmp_path: Path) -> Accounts:
    return Accounts(database, Storage(str(tmp_path / "documents") if request.param == "folder" else f"memory://bucket/{new_id()}"))


@pytest.fixture
def li(accounts: Accounts) -> Actor:
    return actor_of(accounts.register())


def refusal(act: Callable[[], Any]) -> tuple[type[TradeError], str, list[str]]:
    with pytest.raises(TradeError) as caught:
        act()
    return type(caught.value), caught.value.code, list(caught.value.errors)


def sweep(accounts: Accounts) -> None:
    documents.sweep(accounts.storage, partial(Handle(accounts.database).run, documents.known_ids))


def test_a_document_comes_back_as_it_was_uploaded(accounts: Accounts, li: Actor) -> None:
    made = accounts.call("upload_document", upload(), li)
    assert made == accounts.call("describe_document", {"id": made["id"]}, li)
    facts = {"name": "Licence.pdf", "media_type": "application/pdf", "size": len(PDF), "sha256": sha256(PDF).hexdigest(), "owner_id": li.id, "order_ids": []}
    assert made == facts | {"id": made["id"], "created_at": made["created_at"]}
    content = accounts.call("download_document", {"id": made["id"]}, li)
    assert (content["name"], content["media_type"], b64decode(content["content"])) == ("Licence", "application/pdf", PDF)


def test_the_same_bytes_of_the_same_owner_are_one_document(accounts: Accounts, li: Actor) -> None:
    first = accounts.call("upload_document", upload(), li)
    assert accounts.call("upload_document", upload(name="Again"), li) == first
    other = actor_of(accounts.register(email="other@example.com"))
    assert accounts.call("upload_document", upload(), other)["id"] != first["id"]
    assert len(accounts.storage.paths()) == 2


def test_the_same_bytes_from_many_sides_at_once_are_one_document(accounts: Accounts, li: Actor) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: accounts.call("upload_document", upload(), li)["id"], range(6)))
    assert len(set(made)) == 1
    assert b64decode(accounts.call("download_document", {"id": made[0]}, li)["content"]) == PDF


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (upload(PNG), "content"),
        (upload(b"<html><script>alert(1)</script>"), "content"),
        (upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "media_type"),
        (upload(b"PK\x03\x04", "application/zip"), "media_type"),
        (upload(b"MZ\x90\x00", "application/pdf"), "content"),
        (upload(b""), "content"),
        (upload() | {"content": "no base 64"}, "content"),
        (upload(name=" "), "name"),
    ],
)
def test_what_is_not_what_it_says_is_not_kept(accounts: Accounts, li: Actor, document: dict[str, Any], field: str) -> None:
    assert refusal(lambda: accounts.call("upload_document", document, li))[::2] == (Invalid, [field])
    assert accounts.storage.paths() == []


def test_a_document_has_a_largest_size(accounts: Accounts, li: Actor) -> None:
    most = settings().document_limit
    assert accounts.call("upload_document", upload(PDF.ljust(most)), li)["size"] == most
    assert refusal(lambda: accounts.call("upload_document", upload(PDF.ljust(most + 1)), li))[:2] == (TooLarge, "document_too_large")


def test_an_accounts_documents_have_so_many_bytes_in_all_and_what_is_there_already_is_taken_again(
    accounts: Accounts, li: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "settings", lambda: replace(settings(), document_quota=2 * len(PDF) + 1))
    made = [accounts.call("upload_document", upload(PDF + end), li) for end in (b"", b"\n")]
    kept = accounts.storage.paths()
    assert refusal(lambda: accounts.call("upload_document", upload(PDF + b"\r"), li)) == (Conflict, "document_quota_reached", [])
    assert accounts.storage.paths() == kept
    assert accounts.call("upload_document", upload(), li) == made[0]
    assert accounts.call("upload_document", upload(PDF + b"\r"), actor_of(accounts.register(email="other@example.com")))["size"] == len(PDF) + 1


@pytest.mark.parametrize("operation", ["describe_document", "download_document"])
def test_only_its_owner_and_operators_see_a_document(accounts: Accounts, li: Actor, operation: str) -> None:
    made = accounts.call("upload_document", upload(), li)
    for actor in (li, OPERATOR):
        assert accounts.call(operation, {"id": made["id"]}, actor)["media_type"] == "application/pdf"
    hidden = refusal(lambda: accounts.call(operation, {"id": made["id"]}, STRANGER))
    assert hidden == refusal(lambda: accounts.call(operation, {"id": new_id()}, li)) == (NotFound, "document_not_found", [])


def test_a_document_for_an_order_is_seen_by_its_other_party_who_learns_of_no_other_order(accounts: Accounts, li: Actor) -> None:
    order, elsewhere = sorted((new_id(), new_id()))
    buyer = Actor(new_id(), frozenset({"buyer"}))
    accounts.trades |= {li.id: {order, elsewhere}, buyer.id: {order}}
    made = accounts.call("upload_document", upload(order_id=elsewhere), li)
    assert refusal(lambda: accounts.call("describe_document", {"id": made["id"]}, buyer))[0] is NotFound
    assert accounts.call("upload_document", upload(order_id=order), li)["order_ids"] == [order, elsewhere]
    assert accounts.call("describe_document", {"id": made["id"]}, buyer)["order_ids"] == [order]
    assert b64decode(accounts.call("download_document", {"id": made["id"]}, buyer)["content"]) == PDF
    assert refusal(lambda: accounts.call("describe_document", {"id": made["id"]}, STRANGER))[0] is NotFound


def test_a_document_for_somebody_elses_order_is_not_kept(accounts: Accounts, li: Actor) -> None:
    assert refusal(lambda: accounts.call("upload_document", upload(order_id=new_id()), li))[0] is NotFound
    assert accounts.storage.paths() == []


def test_bytes_that_got_lost_are_put_back_by_uploading_them_again(accounts: Accounts, li: Actor) -> None:
    made = accounts.call("upload_document", upload(), li)
    [path] = accounts.storage.paths()
    accounts.storage.remove(path)
    assert refusal(lambda: accounts.call("download_document", {"id": made["id"]}, li))[:2] == (Unavailable, "documents_unavailable")
    accounts.storage.write(path, PNG)
    assert refusal(lambda: accounts.call("download_document", {"id": made["id"]}, li))[:2] == (Unavailable, "documents_unavailable")
    accounts.storage.remove(path)
    assert accounts.call("upload_document", upload(), li) == made
    assert b64decode(accounts.call("download_document", {"id": made["id"]}, li)["content"]) == PDF


def test_an_upload_that_dies_before_its_row_leaves_bytes_that_the_sweep_removes(accounts: Accounts, li: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = accounts.call("upload_document", upload(PNG, "image/png"), li)
    with monkeypatch.context() as dying:
        dying.setattr(documents, "record", lambda *_: 1 / 0)
        assert refusal(lambda: accounts.call("upload_document", upload(), li))[1] == "internal_error"
    with accounts.database.transaction() as tx:
        assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 1
    accounts.storage.write("README", b"An operator's own file.")
    sweep(accounts)
    assert len(accounts.storage.paths()) == 3, "an upload of this hour may still be about to write its row"
    monkeypatch.setattr(documents, "ORPHANED", timedelta(seconds=-1))
    sweep(accounts)
    assert sorted(accounts.storage.paths())[1:] == ["README"]
    assert b64decode(accounts.call("download_document", {"id": kept["id"]}, li)["content"]) == PNG


def test_a_file_that_is_cut_off_while_it_is_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path / "documents"))
    path = f"ab/{'ab' * 32}-{new_id()}"
    with monkeypatch.context() as dying:
        dying.setattr(os, "fsync", lambda _file: 1 / 0)
        with pytest.raises(Unavailable):
            storage.write(path, PDF)
    assert (storage.exists(path), storage.paths()) == (False, [path + ".part"])
    monkeypatch.setattr(documents, "ORPHANED", timedelta(seconds=-1))
    documents.sweep(storage, set)
    assert storage.paths() == []


def test_what_reaches_an_object_store_by_a_loop_of_its_own_gets_along_with_green_threads() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.accounts.green_storage"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(",")[0], done.stderr) == ("20 kept", "")
