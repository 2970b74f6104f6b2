"""Asks the provider what payments and refunds are to be asked: in no transaction, with the row's id as key, so that asking twice has one effect.

A row is leased, the provider asked, and its answer taken in, each by itself: where a process ends in between, the lease does too, and the same is
asked again. Replicas pass over what another has. Callbacks only have a row looked at earlier.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eventlet import GreenPool, sleep
from sqlalchemy import bindparam, select, update

from services.payments.application import charges, refunds as going_back, top_ups
from services.payments.application.asked import Heard
from services.payments.application.providers.port import Declined, Provider
from services.payments.domain.provider_payment import ASKED, AUTHORIZE, CANCEL, CAPTURE, LOOK, PAYMENT, REFUND, REFUNDS, question, step
from services.payments.models import freight_top_ups, provider_payments, refunds
from shared.kit.errors import Unavailable
from shared.kit.money import Money
from shared.platform.database import Transaction
from shared.platform.statements import planned_each_time

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than any call to a provider takes."""
AT_ONCE = 8
"""Calls at a time, so that a slow one does not hold up the others."""
ROUND, PAUSE = 5.0, 0.1
"""Seconds in which new rows are begun with, and between two looks for them."""

_DUE = {
    table: planned_each_time(
        select(table).where(table.c.next_at <= bindparam("now")).order_by(table.c.next_at).limit(bindparam("most")).with_for_update(skip_locked=True)
    )
    for table in (provider_payments, refunds, freight_top_ups)
}

Run = Callable[..., Any]
"""`run(work, *args)` is `work(tx, *args)` in one transaction."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to ask, about `row` as it was leased: a payment, a top-up, or a refund of the `payment` that has this reference at the provider."""

    row: Any
    question: str
    until: datetime
    payment: str | None = None

    @property
    def is_refund(self) -> bool:
        return self.payment is not None

    @property
    def is_top_up(self) -> bool:
        return hasattr(self.row, "supplier_id")

    @property
    def hear(self) -> Callable[..., None]:
        """What takes the answer in."""
        return going_back.hear if self.is_refund else top_ups.hear if self.is_top_up else charges.hear

    @property
    def key(self) -> str:
        """The same whenever the same is asked."""
        return f"{self.row.id}-{self.question}"


def work_off(run: Run, provider: Provider) -> None:
    """Ask what is due, until nothing is or the round is over."""
    pool, end = GreenPool(AT_ONCE), time.monotonic() + ROUND
    while True:
        tasks = run(lease, pool.free()) if pool.free() and time.monotonic() < end else []
        for task in tasks:
            pool.spawn_n(deal_with, run, provider, task)
        if not (tasks or pool.running()):
            return
        sleep(0 if tasks else PAUSE)


def lease(tx: Transaction, most: int) -> list[Task]:
    """Up to so many rows whose time has come, which nobody else asks about for a while."""
    tasks: list[Task] = []
    until = tx.now + LEASE
    for table, steps in ((provider_payments, PAYMENT), (refunds, REFUNDS), (freight_top_ups, PAYMENT)):
        for row in tx.execute(_DUE[table], {"now": tx.now, "most": most - len(tasks)}).all():
            state = step(steps, row.state, ASKED).target
            tx.execute(update(table).where(table.c.id == row.id).values(state=state, attempts=row.attempts + 1, next_at=until))
            tasks.append(_refund(tx, row, until) if table is refunds else _payment(row, state, until))
    return tasks


def deal_with(run: Run, provider: Provider, task: Task) -> None:
    """Ask, and take the answer in. What fails is asked again when the lease is over, or sooner where that is foreseen."""
    try:
        heard = ask(provider, task)
        run(task.hear, task.row.id, task.until, heard)
    except Exception:
        log.exception("%s of %s", task.question, task.row.id)


def ask(provider: Provider, task: Task) -> Heard | None:
    """The provider's answer, None where it has none, or where what is asked about is another provider's, which is asked no more."""
    if task.row.provider != provider.name:
        log.error("%s of %s: it is with %s, and %s is the provider now", task.question, task.row.id, task.row.provider, provider.name)
        return None
    try:
        answer = _call(provider, task)
    except Declined as declined:
        return Heard("failed" if task.is_refund else "declined", reason=declined.reason)
    except Unavailable as silence:
        log.warning("%s of %s: %s", task.question, task.row.id, silence)
        return None
    except Exception:  # it refuses what it should take, or says what we do not know: a defect, for the buyer the same as silence
        log.exception("%s of %s", task.question, task.row.id)
        return None
    return Heard(answer.state, answer.reference, answer.amount, answer.reason)


def _payment(row: Any, state: str, until: datetime) -> Task:
    return Task(row, question(state, row.reference, row.said), until)


def _refund(tx: Transaction, row: Any, until: datetime) -> Task:
    payment = tx.execute(select(provider_payments.c.reference).where(provider_payments.c.id == row.payment_id)).scalar_one()
    return Task(row, LOOK if row.reference else REFUND, until, payment)


def _call(provider: Provider, task: Task) -> Any:
    row = task.row
    amount = Money(row.amount, row.currency)
    if task.question == AUTHORIZE:
        return provider.authorize(task.key, row.method, amount, "Tradelane freight account" if task.is_top_up else f"Tradelane order {row.order_id}")
    if task.question == REFUND:
        return provider.refund(task.key, str(task.payment), amount)
    if task.question == LOOK:
        return provider.refund_of(row.reference) if task.is_refund else provider.payment(row.reference)
    return {CAPTURE: provider.capture, CANCEL: provider.cancel}[task.question](task.key, row.reference)
