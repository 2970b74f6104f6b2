"""The books' audit, for `reconcile`: sums that must come out even. It reads everything and changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, literal, or_, select, union_all

from services.payments.domain.freight import CHARGE, MOVED
from services.payments.domain.ledger import CHART
from services.payments.domain.payout import PAID, REQUESTED
from services.payments.domain.provider_payment import ON_ITS_WAY, TAKEN
from services.payments.models import freight_entries, freight_top_ups, ledger_accounts, order_accounts, payouts, provider_payments, refunds, transfers
from shared.platform.audit import Sum, faults
from shared.platform.database import Transaction

_accounts = ledger_accounts.c
_grows_by_debits = _accounts.kind.in_([kind.name for kind in CHART.values() if kind.side == "debit"])
_of_either_side = _accounts.kind.in_([kind.name for kind in CHART.values() if kind.side == "either"])
_balance = case((_grows_by_debits, _accounts.debits - _accounts.credits), else_=_accounts.credits - _accounts.debits)


def sums(tx: Transaction) -> list[Sum]:
    """All checks in turn. A faulty account has a line of its own, the sound ones are only counted."""
    return [
        *_debits_and_credits(tx),
        *_kept_totals(tx),
        *_overdrawn(tx),
        *_escrow(tx),
        *_returning(tx),
        *_providers(tx),
        *_payouts(tx),
        *_freight(tx),
        *_asked(tx),
        *_states(tx),
    ]


def order_states(tx: Transaction) -> dict[str, str]:
    """The state of each order's account by order id."""
    return {row.order_id: row.state for row in tx.execute(select(order_accounts.c.order_id, order_accounts.c.state))}


def freight_taken(tx: Transaction) -> dict[tuple[str, str], int]:
    """What is taken for each order's freight, as it was billed and less what was given back, by order id and currency, in minor units; orders that it is nothing for are left out."""
    taken = func.sum(case((freight_entries.c.direction == CHARGE, freight_entries.c.amount), else_=-freight_entries.c.amount)).label("taken")
    bill = (freight_entries.c.order_id, freight_entries.c.currency)
    rows = tx.execute(select(*bill, taken).where(freight_entries.c.state.in_(MOVED)).group_by(*bill).having(taken != 0))
    return {(row.order_id, row.currency): int(row.taken) for row in rows}


def _debits_and_credits(tx: Transaction) -> list[Sum]:
    debits, credits = func.sum(_accounts.debits).label("debits"), func.sum(_accounts.credits).label("credits")
    rows = tx.execute(select(_accounts.currency, debits, credits).group_by(_accounts.currency).order_by(_accounts.currency))
    return [Sum("debits = credits", row.currency, {"debits": int(row.debits), "credits": int(row.credits)}, int(row.debits - row.credits)) for row in rows]


def _kept_totals(tx: Transaction) -> list[Sum]:
    """The totals kept by the trigger against what the transfers come to."""
    entries = union_all(
        select(transfers.c.debit.label("code"), transfers.c.currency, transfers.c.amount.label("debits"), literal(0).label("credits")),
        select(transfers.c.credit, transfers.c.currency, literal(0), transfers.c.amount),
    ).subquery()
    by_account = select(entries.c.code, entries.c.currency, func.sum(entries.c.debits).label("debits"), func.sum(entries.c.credits).label("credits"))
    posted = by_account.group_by(entries.c.code, entries.c.currency).subquery()
    debits, credits = _accounts.debits - func.coalesce(posted.c.debits, 0), _accounts.credits - func.coalesce(posted.c.credits, 0)
    both = ledger_accounts.outerjoin(posted, (_accounts.code == posted.c.code) & (_accounts.currency == posted.c.currency))
    differing = select(_accounts.code, _accounts.currency, debits.label("debits"), credits.label("credits")).select_from(both)
    rows = tx.execute(differing.where(or_(debits != 0, credits != 0)).order_by(_accounts.code, _accounts.currency))
    found = [
        (f"{row.code} {row.currency}", {"debits too many": int(row.debits), "credits too many": int(row.credits)}, int(abs(row.debits) + abs(row.credits)))
        for row in rows
    ]
    return faults("totals = transfers", "all accounts", _count(tx), found)


def _overdrawn(tx: Transaction) -> list[Sum]:
    below = (
        select(_accounts.code, _accounts.currency, _balance.label("balance")).where(_balance < 0, ~_of_either_side).order_by(_accounts.code, _accounts.currency)
    )
    found = [(f"{row.code} {row.currency}", {"balance": row.balance}, row.balance) for row in tx.execute(below)]
    return faults("no balance below zero", "all accounts", _count(tx), found)


def _escrow(tx: Transaction) -> list[Sum]:
    """What lies in escrow against what the orders whose payment is held come to, less what went back of it meanwhile."""
    held = select(order_accounts).where(order_accounts.c.state == "held").subquery().c
    parts = select(refunds.c.currency, -refunds.c.amount).where(refunds.c.kind == "part", refunds.c.order_id.in_(select(held.order_id)))
    due = union_all(select(held.currency, held.due), parts)
    return _compared(tx, "escrow = orders held", {"escrow": _in_accounts("escrow"), "orders": due})


def _returning(tx: Transaction) -> list[Sum]:
    """What is on its way back against the refunds that the buyers do not have yet."""
    under_way = select(refunds.c.currency, refunds.c.amount).where(refunds.c.state.in_(ON_ITS_WAY))
    return _compared(tx, "returning = refunds under way", {"returning": _in_accounts("returning"), "refunds": under_way})


def _providers(tx: Transaction) -> list[Sum]:
    """What the providers hold for the platform against what they took and gave back, by our rows."""
    taken = [select(table.c.currency, table.c.amount).where(table.c.state.in_(TAKEN)) for table in (provider_payments, freight_top_ups)]
    given_back = select(refunds.c.currency, -refunds.c.amount).where(refunds.c.payment_id.is_not(None), refunds.c.state == "made")
    return _compared(tx, "providers = captured - refunded", {"providers": _in_accounts("provider"), "payments": union_all(*taken, given_back)})


def _payouts(tx: Transaction) -> list[Sum]:
    """What is on its way to parties' bank accounts, and what has gone there, against the payouts that say so."""
    amounts = select(payouts.c.currency, payouts.c.amount)
    return [
        *_compared(tx, "paying out = payouts requested", {"paying out": _in_accounts("paying_out"), "payouts": amounts.where(payouts.c.state == REQUESTED)}),
        *_compared(tx, "paid out = payouts paid", {"paid out": _in_accounts("paid_out"), "payouts": amounts.where(payouts.c.state == PAID)}),
    ]


def _asked(tx: Transaction) -> list[Sum]:
    """For reading: how many payments and refunds there are in each state; those that a provider is asked about are pending."""
    sums = []
    for name, table in (("payments through providers", provider_payments), ("top-ups through providers", freight_top_ups), ("refunds", refunds)):
        pending = func.count(table.c.next_at).label("pending")
        rows = tx.execute(select(table.c.state, func.count().label("rows"), pending).group_by(table.c.state).order_by(table.c.state))
        sums += [Sum(name, row.state, {"rows": row.rows, "pending": row.pending}) for row in rows]
    return sums


def _in_accounts(kind: str) -> Select[Any]:
    return select(_accounts.currency, _balance).where(_accounts.kind == kind)


def _compared(tx: Transaction, check: str, sides: dict[str, Any]) -> list[Sum]:
    """A line for each currency: the sums of the two sides, which are statements of currencies and amounts."""
    found: dict[str, dict[str, int]] = {}
    for name, statement in sides.items():
        rows = statement.subquery().c
        currency, amount = rows
        for row in tx.execute(select(currency.label("currency"), func.sum(amount).label("total")).group_by(currency)):
            found.setdefault(row.currency, dict.fromkeys(sides, 0))[name] = int(row.total)
    one, other = sides
    return [Sum(check, currency, figures, figures[one] - figures[other]) for currency, figures in sorted(found.items())]


def _freight(tx: Transaction) -> list[Sum]:
    """What each order's entries say was taken from the supplier's freight account against what the ledger took."""
    on_account = [column.like("freight:%") for column in (transfers.c.debit, transfers.c.credit)]
    both = freight_entries.outerjoin(transfers, (transfers.c.freight_id == freight_entries.c.id) & or_(*on_account))
    moved = func.coalesce(freight_entries.c.moved, 0)
    entries = func.sum(case((freight_entries.c.direction == CHARGE, moved), else_=-moved)).label("entries")
    ledger = func.sum(case((on_account[0], transfers.c.amount), (on_account[1], -transfers.c.amount), else_=0)).label("ledger")
    by_order = select(freight_entries.c.order_id, entries, ledger).select_from(both).group_by(freight_entries.c.order_id)
    rows = tx.execute(by_order.having(entries != ledger).order_by(freight_entries.c.order_id))
    found = [(row.order_id, {"entries": int(row.entries), "ledger": int(row.ledger)}, int(row.entries - row.ledger)) for row in rows]
    orders = tx.execute(select(func.count(freight_entries.c.order_id.distinct()))).scalar_one()
    return faults("freight charged = ledger", "all orders", orders, found)


def _states(tx: Transaction) -> list[Sum]:
    """For reading: how many orders' accounts there are in each state."""
    walk = (order_accounts.c.settlement, order_accounts.c.state)
    rows = tx.execute(select(*walk, func.count().label("orders")).group_by(*walk).order_by(*walk))
    return [Sum("orders' accounts", f"{row.settlement}, {row.state}", {"orders": row.orders}) for row in rows]


def _count(tx: Transaction) -> int:
    return int(tx.execute(select(func.count()).select_from(ledger_accounts)).scalar_one())
