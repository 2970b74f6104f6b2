"""The clock's part in tracking: to look after shipments nothing is heard of, and to ask the carriers that do not call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from services.logistics.application import notices, shipments, tracking
from services.logistics.application.carriers.directory import carrier, polled
from services.logistics.application.carriers.port import CarrierUnavailable
from services.logistics.domain.tracking import OVER, status
from services.logistics.models import shipments as table
from shared.platform.database import Transaction

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(minutes=1)
"""After a waybill became known: by then a callback that came at the same moment, and did not see it yet, is committed."""
LOOK_AGAIN = timedelta(hours=1)
"""After a look that failed."""
POLL_EVERY = timedelta(minutes=30)
POLL_AT_ONCE = 30
"""Waybills a question: no more are taken by FedEx."""

Run = Callable[..., Any]


def begin(tx: Transaction) -> dict[str, Any]:
    """What a shipment is to have, now that it is dispatched."""
    return {"dispatched_at": tx.now, "look_at": tx.now + FIRST_LOOK, "poll_at": tx.now}


def look(tx: Transaction) -> bool:
    """Look after one shipment whose time has come; whether there was one. Replicas pass over what another is at."""
    due = select(table).where(table.c.look_at <= tx.now).order_by(table.c.look_at).limit(1)
    shipment = tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if shipment is None:
        return False
    try:
        with tx.nested():
            tracking.attach(tx, shipment)
            notices.tell(tx, shipment)
            look_at = notices.next_look_at(tx, shipment)
    except Exception:
        log.exception("the tracking of order %s", shipment.order_id)
        look_at = tx.now + LOOK_AGAIN
    tx.execute(update(table).where(table.c.order_id == shipment.order_id).values(look_at=look_at))
    return True


def poll(run: Run) -> None:
    """Ask each carrier that is asked for the shipments whose time has come. No transaction is open while it is asked; `run` runs one."""
    for code in polled():
        try:
            while (waybills := run(_claim, code)) is not None:
                if waybills:
                    run(tracking.take, code, carrier(code).track(waybills))
        except CarrierUnavailable as error:
            log.warning("%s", error)
        except Exception:  # what one carrier says must not keep us from asking the others
            log.exception("carrier %s", code)


def _claim(tx: Transaction, code: str) -> list[str] | None:
    """The waybills to ask for, None where no time has come; they are asked for again after a while, answered or not."""
    due = select(table).where(table.c.carrier == code, table.c.poll_at <= tx.now).order_by(table.c.poll_at).limit(POLL_AT_ONCE)
    claimed = tx.execute(due.with_for_update(skip_locked=True)).all()
    if not claimed:
        return None
    asked = [each for each in claimed if _is_expected(tx, each)]
    for each in claimed:
        again = tx.now + POLL_EVERY if each in asked else None
        tx.execute(update(table).where(table.c.order_id == each.order_id).values(poll_at=again))
    return [each.waybill_number for each in asked]


def _is_expected(tx: Transaction, shipment: Row[Any]) -> bool:
    """Whether its carrier has anything to tell yet."""
    return shipment.state in notices.UNDER_WAY and status(shipments.sightings(shipments.tracking(tx, shipment))) not in OVER
