"""Holds what clients were told against what the books say, once all is quiet, and adds up what no fault may change."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.platform.audit import Sum, under_way
from shared.platform.settings import Settings
from tests.faults.books import Books
from tests.faults.market import Market
from tests.faults.tally import Tally
from tests.faults.trader import FINAL_STATES, mark
from tradelane.reconcile import reconcile

_ACTION_OF_PEOPLE = "actor_role IN ('buyer', 'supplier', 'operator')"


@dataclass
class Findings:
    """What is wrong, by what it means; each with some words on where."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    illegal: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    ledger_difference: int = 0
    stock_difference: int = 0
    negative_balances: int = 0
    history_difference: int = 0

    @property
    def any(self) -> bool:
        figures = self.ledger_difference, self.stock_difference, self.negative_balances, self.history_difference
        return any(figures) or bool(self.lost or self.duplicates or self.illegal or self.other)


def settle(settings: Settings, patience: float) -> None:
    """Wait until no event is under way and no deadline is due, so many seconds at most; what then still is will be found."""
    books, deadline = Books(settings), time.monotonic() + patience
    due = "SELECT count(*) FROM deadlines WHERE strikes_at <= now() + (SELECT coalesce(max(ahead), 0) FROM test_clock) * interval '1 microsecond'"
    while time.monotonic() < deadline:
        if not books.number("orders", due) and not under_way([each for sums in reconcile(settings, 0).values() for each in sums]):
            return
        time.sleep(1)


def check(settings: Settings, tally: Tally, market: Market, charged: Mapping[str, Mapping[str, int]]) -> Findings:
    """Look at everything; `charged` is what the payment provider says it did, by currency."""
    books, found = Books(settings), Findings()
    _orders(books, tally, found)
    _effects(books, found)
    _money(books, charged, found)
    _parcels(books, tally, found)
    _log(books, found)
    _stock(books, market, found)
    _audit(reconcile(settings, 0), found)
    differing = {service: (count, tally.poisoned[service]) for service, count in books.dead_letters().items() if count != tally.poisoned[service]}
    found.other += [f"dead letters of {service}: {count}, of which {sent} were garbage of ours" for service, (count, sent) in differing.items()]
    found.other += [f"{words} ({count} times)" for words, count in tally.troubles.items()]
    return found


def _orders(books: Books, tally: Tally, found: Findings) -> None:
    """Each trade whose placing was answered is one order that has ended, and each action that was answered stands once in its history."""
    rows = books.rows("orders", "SELECT id::text, state, awaiting::text AS awaiting, terms->'ship_to'->>'company' AS mark FROM orders")
    orders, marks = {row.id: row for row in rows}, Counter(row.mark for row in rows)
    for number, order in tally.placed.items():
        if order not in orders:
            found.lost.append(f"order {order} of trade {number}")
    found.lost += [f"order {row.id} is left in {row.state}, awaiting {row.awaiting}" for row in rows if row.state not in FINAL_STATES]
    found.duplicates += [f"{times} orders of {name}" for name, times in marks.items() if times > 1]
    found.illegal += [f"order {row.id} is {row.state}" for row in rows if row.state not in FINAL_STATES]
    if strange := marks.keys() - {mark(number) for number in range(1, tally.began + 1)}:
        found.duplicates.append(f"orders of nobody: {strange}")
    people = books.rows("orders", f"SELECT order_id::text, action, count(*) FROM order_history WHERE {_ACTION_OF_PEOPLE} AND version > 1 GROUP BY 1, 2")
    history = Counter({(row.order_id, row.action): row.count for row in people})
    found.lost += [f"{action} of order {order}" for (order, action), times in (tally.done - history).items() for _ in range(times)]
    found.duplicates += [f"{action} of order {order}" for (order, action), times in (history - tally.done).items() for _ in range(times)]
    booked = Counter(row.reference for row in books.rows("payments", "SELECT reference FROM transfers WHERE kind = 'deposit'"))
    found.lost += [f"deposit {reference}" for reference in tally.deposited - booked.keys()]
    found.duplicates += [f"deposit {reference}" for reference, times in booked.items() if times > 1 or reference not in tally.deposited]


# What must be there once at most: where, the columns that say which, and of which rows.
_ONCE: tuple[tuple[str, ...], ...] = (
    ("orders", "orders", "enquiry_id"),
    ("orders", "order_history", "order_id, version"),
    ("orders", "outbox", "subject, version"),
    ("payments", "transfers", "order_id, kind", "cause IS NULL"),
    ("payments", "transfers", "cause, kind"),
    ("payments", "provider_payments", "order_id", "state = 'captured'"),
    ("payments", "refunds", "payment_id"),
    ("payments", "freight_entries", "charge_id, direction"),
    ("logistics", "logistics_orders", "channel, waybill_number"),
    ("catalog", "reservations", "order_id"),
    ("logistics", "shipments", "order_id"),
)
_ANSWERS = "SELECT count(*) FROM outbox WHERE context->>'causation_id' <> '' GROUP BY context->>'causation_id', type, subject HAVING count(*) > 1"


def _effects(books: Books, found: Findings) -> None:
    """Each event has each effect once: its consumer answers it with no event twice, and no row that stands for an effect comes twice."""
    for service, table, columns, *only in _ONCE:
        which = " AND ".join([*(f"{column} IS NOT NULL" for column in columns.split(", ")), *only])
        twice = books.rows(service, f"SELECT {columns} FROM {table} WHERE {which} GROUP BY {columns} HAVING count(*) > 1")
        found.duplicates += [f"{service}.{table}: {', '.join(map(str, row))}" for row in twice]
    for service in ("catalog", "orders", "payments", "logistics"):
        found.duplicates += [f"{service} told {row[0]} times of one event's effect" for row in books.rows(service, _ANSWERS)]


_ASKED_FOR = "(SELECT currency, state, reference, amount FROM provider_payments UNION ALL SELECT currency, state, reference, amount FROM freight_top_ups) AS a"
_TAKEN = f"SELECT currency, count(reference) AS payments, sum(amount) FILTER (WHERE state IN ('captured', 'undue')) AS captured FROM {_ASKED_FOR} GROUP BY 1"
_SENT_BACK = "SELECT currency, sum(amount) AS refunded FROM refunds WHERE payment_id IS NOT NULL AND state = 'made' GROUP BY 1"
# What an order has cost its buyer at the provider, refunds that failed aside, less what it was to cost.
_OVERCHARGED = """SELECT a.order_id::text, coalesce(p.taken, 0) - coalesce(r.back, 0) - CASE WHEN a.state = 'released' AND a.provider IS NOT NULL THEN a.due ELSE 0 END
    FROM order_accounts a
    LEFT JOIN (SELECT order_id, sum(amount) AS taken FROM provider_payments WHERE state IN ('captured', 'undue') GROUP BY 1) p USING (order_id)
    LEFT JOIN (SELECT order_id, sum(amount) AS back FROM refunds WHERE payment_id IS NOT NULL GROUP BY 1) r USING (order_id)"""
_LEFT_HELD = "SELECT sum(abs(credits - debits)) FROM ledger_accounts WHERE kind IN ('escrow', 'returning')"


def _money(books: Books, charged: Mapping[str, Mapping[str, int]], found: Findings) -> None:
    """The provider took and sent back what we have as taken and sent back, and once; of orders that have ended nothing is held, here or there."""
    taken = {row.currency: row for row in books.rows("payments", _TAKEN)}
    sent_back = {row.currency: int(row.refunded) for row in books.rows("payments", _SENT_BACK)}
    for currency in charged.keys() | taken.keys():
        theirs, ours = charged.get(currency, _NOTHING), taken.get(currency)
        known, captured = (ours.payments, int(ours.captured or 0)) if ours else (0, 0)
        if known < theirs["payments"]:
            found.duplicates.append(f"payments at the provider in {currency}: {theirs['payments']}, of which we know {known}")
        if known > theirs["payments"]:
            found.lost.append(f"payments in {currency}: {known}, of which the provider knows {theirs['payments']}")
        if theirs["authorized"]:
            found.lost.append(f"{theirs['authorized']} {currency} are authorized at the provider, and neither captured nor let go")
        found.ledger_difference += abs(theirs["captured"] - captured) + abs(theirs["refunded"] - sent_back.get(currency, 0))
    found.ledger_difference += sum(abs(int(difference)) for _, difference in books.rows("payments", _OVERCHARGED))
    found.ledger_difference += books.number("payments", _LEFT_HELD)


_NOTHING = {"payments": 0, "authorized": 0, "captured": 0, "refunded": 0}
_TOP_UPS = {"balance": "SELECT count(*) FROM transfers WHERE kind = 'freight_topped_up'", "card": "SELECT count(*) FROM freight_top_ups"}


def _parcels(books: Books, tally: Tally, found: Findings) -> None:
    """Each booking and each top-up that was answered is there once; each submitted payment went to a provider once."""
    booked = Counter({row.order_id: row.count for row in books.rows("logistics", "SELECT order_id::text, count(*) FROM logistics_orders GROUP BY 1")})
    found.lost += [f"{times} logistics orders of order {order}" for order, times in (tally.booked - booked).items()]
    found.duplicates += [f"{times} logistics orders of order {order}" for order, times in (booked - tally.booked).items()]
    for way, query in _TOP_UPS.items():
        made = books.number("payments", query)
        (found.lost if made < tally.top_ups[way] else found.duplicates).extend([f"a freight top-up by {way}"] * abs(made - tally.top_ups[way]))
    for row in books.rows("payments", "SELECT order_id::text, count(*) FROM provider_payments GROUP BY 1"):
        if row.count > tally.done[row.order_id, "pay"]:
            found.duplicates.append(f"{row.count} payments of order {row.order_id}, which was paid {tally.done[row.order_id, 'pay']} times")


def _log(books: Books, found: Findings) -> None:
    """What is in the event log is what was committed: nothing less, nothing else."""
    published = books.published()
    logged = books.logged(len(published))
    missing, strange = published.keys() - logged.keys(), logged.keys() - published.keys()
    found.lost += [f"event {event} of {published[event][0]} is not in the log" for event in missing]
    found.duplicates += [f"event {event} in the log was never committed" for event in strange]


def _stock(books: Books, market: Market, found: Findings) -> None:
    """What there was at first is still there, or is committed to an order."""
    committed = """SELECT p.id::text, p.on_hand, p.reserved, coalesce(sum(l.quantity), 0) AS committed FROM products p
        LEFT JOIN (reservation_lines l JOIN reservations r ON r.order_id = l.order_id AND r.state = 'committed') ON l.product_id = p.id GROUP BY p.id"""
    for row in books.rows("catalog", committed):
        found.stock_difference += abs(market.stock[row.id] - row.on_hand - int(row.committed))


_OF_MONEY = (
    "debits = credits",
    "totals = transfers",
    "escrow = orders held",
    "returning = refunds under way",
    "providers = captured - refunded",
    "freight charged = ledger",
    "freight as it is booked",
)


def _audit(report: dict[str, list[Sum]], found: Findings) -> None:
    """The system's own reconciliation, each of its differences where it belongs."""
    for service, sums in report.items():
        for each in sums:
            if each.check in _OF_MONEY:
                found.ledger_difference += abs(each.difference)
            elif each.check == "no balance below zero":
                found.negative_balances += abs(each.difference)
            elif each.check == "reserved = reservations":
                found.stock_difference += abs(each.difference)
            elif each.check == "one event a transition":
                found.history_difference += abs(each.difference)
            elif each.difference:
                found.illegal.append(f"{service}: {each.check}, {each.subject}: {each.figures or each.difference}")
            if unsent := each.figures.get("unsent", 0) + each.figures.get("pending", 0):
                found.lost += [f"{unsent} of {service} are still under way: {each.check}, {each.subject}"]
