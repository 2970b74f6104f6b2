from __future__ import annotations

from shared.platform.audit import Sum
from tradelane.reconcile import freight


def test_freight_that_logistics_and_payments_agree_on_is_only_counted() -> None:
    assert freight({("one", "USD"): 4150}, {("one", "USD"): 4150}) == [Sum("freight as it is booked", "all orders", {"checked": 1, "faulty": 0})]


def test_freight_that_they_do_not_agree_on_is_named() -> None:
    paid, taken = {("one", "USD"): 4150, ("two", "USD"): 100}, {("one", "USD"): 8300, ("three", "EUR"): 5}
    assert freight(paid, taken)[1:] == [
        Sum("freight as it is booked", "one USD", {"paid": 4150, "taken": 8300}, -4150),
        Sum("freight as it is booked", "three EUR", {"paid": 0, "taken": 5}, -5),
        Sum("freight as it is booked", "two USD", {"paid": 100, "taken": 0}, 100),
    ]
