"""What is on file for an order, and the papers issued with it, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.logistics.application.paper import Paper
from services.logistics.domain.numbers import comparable
from services.logistics.models import documents, filings
from shared.platform.database import Transaction


def file(tx: Transaction, order_id: str, kind: str, issuer: str, number: str, form: Mapping[str, Any], at: datetime) -> bool:
    """File the form (as JSON), in place of what the order had of its kind; False, and nothing filed, where the number is another order's."""
    key = f"{comparable(issuer)}/{comparable(number)}"
    holder = tx.execute(select(filings.c.order_id).where(filings.c.kind == kind, filings.c.key == key)).scalar_one_or_none()
    if holder not in (None, order_id):
        return False
    values = {"issuer": issuer, "number": number, "key": key, "form": form, "filed_at": at}
    insert = tx.upsert(filings).values(order_id=order_id, kind=kind, **values)
    tx.execute(insert.on_conflict_do_update(index_elements=["order_id", "kind"], set_=values))
    return True


def number_on_file(tx: Transaction, order_id: str, kind: str) -> str | None:
    """The number of what the order has of the kind."""
    return tx.execute(select(filings.c.number).where(filings.c.order_id == order_id, filings.c.kind == kind)).scalar_one_or_none()


def issued(tx: Transaction, order_id: str) -> dict[str, tuple[str, int]]:
    """Number and revision of each paper the order has, by name."""
    rows = tx.execute(select(documents.c.name, documents.c.number, documents.c.revision).where(documents.c.order_id == order_id))
    return {row.name: (row.number, row.revision) for row in rows}


def issue(tx: Transaction, order_id: str, papers: Mapping[str, Paper], at: datetime) -> None:
    """Issue the papers, in place of earlier ones of their names."""
    for name, paper in papers.items():
        values = {"number": paper["number"], "revision": paper["revision"], "paper": paper, "issued_at": at}
        insert = tx.upsert(documents).values(order_id=order_id, name=name, **values)
        tx.execute(insert.on_conflict_do_update(index_elements=["order_id", "name"], set_=values))
