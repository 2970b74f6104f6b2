"""Walks trades with as few requests as there can be: by what an answer says its reader may do, without drafts, and with the ends that trades have."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from datetime import date

from tests.faults.market import Market
from tests.faults.parcel import Parcel
from tests.faults.tally import Tally
from tests.faults.web import GaveUp, Json, Web
from tradelane.client import Refused
from tradelane.demo.placeholders import Facts

FINAL_STATES = ("completed", "cancelled", "rejected")

# How a trade goes on, with its weight. What is left to the clock ends when the test clock is put forward.
STRAIGHT, EXCEPTION, CANCEL, ABORT, LEAVE_PAYMENT, LEAVE_SHIPPING, LEAVE_RECEIVING = range(7)
_WEIGHTS = (40, 6, 28, 4, 19, 0, 3)
_WEIGHTS_ONLINE = (44, 8, 8, 20, 8, 6, 6)  # the more of it comes when they are paid

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 1.0
_MOST_REFUSALS = 30
_LONGEST_STANDSTILL = 180.0
"""Seconds in which nothing becomes of an order, though all requests are answered: nothing will."""


class Trader:
    """One trade of one client; `number` and the run's seed decide which one, and how it goes."""

    def __init__(self, web: Web, market: Market, tally: Tally, seed: str, number: int) -> None:
        self.web, self.tally, self.number = web, tally, number
        draw = random.Random(f"{seed} trade {number}")
        self.stall = market.choose(draw)
        online = self.stall.trade.online
        self.plan = draw.choices(range(len(_WEIGHTS)), _WEIGHTS_ONLINE if online else _WEIGHTS)[0]
        self.by_enquiry = draw.random() < 0.3 and self.stall.trade.enquiry is not None
        self.parcel = Parcel(web, market, self.stall, tally, draw) if online else None
        self.operator = market.operator
        self.parties = self.stall.parties
        self.draw = draw
        self.refusals = 0
        self.raised = False
        self.left: Json = {}
        self.pause = _SHORTEST_PAUSE

    def run(self) -> None:
        """To the trade's end, or to where it is left to the clock."""
        self._try(self._walk)

    def call_off(self) -> None:
        """By the buyer, where what is paid for is not shipped: so left to the clock, it is overdue once that has gone on."""
        if self.left:
            self._try(self._cancel_what_is_left)

    def _cancel_what_is_left(self) -> None:
        seen = self._seen("buyer", self.left | {"seen_by": None})
        if any(action["name"] == "cancel" for action in seen["actions"]):
            self._act("buyer", seen, "cancel", {"note": "It did not come."})

    def _walk(self) -> None:
        order = self._place()
        moved = time.monotonic()
        while order["state"] not in FINAL_STATES and not self._is_left(order):
            before, order = order, self._go_on(order)
            if order["version"] != before["version"]:
                moved = time.monotonic()
            elif time.monotonic() - moved > _LONGEST_STANDSTILL:
                raise GaveUp(f"order {order['id']} stands still")
        if order["state"] == "ready_to_ship":
            self.left = order
        if order["refund"] and order["refund"]["received_at"] is None and order["terms"]["settlement"] == "direct":
            self._act("buyer", self._seen("buyer", order), "confirm_refund", {})
        self.tally.count("finished")

    def _try(self, what: Callable[[], object]) -> None:
        try:
            what()
        except GaveUp:
            self.tally.trouble("a trade was given up")
        except Refused as refused:
            self.tally.trouble(f"refused: {refused.problem.get('code')} {refused.problem.get('errors', '')} at {refused.request.rpartition('/')[2]}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the other trades go on, and the run is not sound
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.tally.trouble(f"the harness could not go on with a trade: {error!r} at {where.filename.rpartition('/')[2]}:{where.lineno}")

    def _place(self) -> Json:
        trade, buyer = self.stall.trade, self.parties["buyer"]
        # The consignee's second line tells the trade's orders from all others, however many there are.
        terms = trade.terms | {"ship_to": trade.terms["ship_to"] | {"company": mark(self.number)}}
        lines = [
            {"product_id": self.stall.products[line["sku"]]} | {name: line[name] for name in ("quantity", "options") if name in line}
            for line in (trade.order or trade.agreed_order())["lines"]
        ]
        if self.parcel:
            self.parcel.ask_quotes()
        self.tally.count("began")
        if self.by_enquiry:
            priced = [{**line, "unit_price": each["unit_price"]} for line, each in zip(lines, trade.agreed_order()["lines"], strict=True)]
            enquiry = self.web.command(buyer, "/v1/enquiries", {"lines": priced, "terms": terms, "message": trade.enquiry["message"]})
            order = self.web.command(self.parties["supplier"], f"/v1/enquiries/{enquiry['id']}/actions/accept", {"note": "Agreed."})
        else:
            order = self.web.command(buyer, "/v1/orders", {"lines": lines, "terms": terms})
        self.tally.placed[self.number] = order["id"]
        return order

    def _is_left(self, order: Json) -> bool:
        left = {LEAVE_PAYMENT: "awaiting_payment", LEAVE_SHIPPING: "ready_to_ship", LEAVE_RECEIVING: "receiving"}.get(self.plan)
        return order["state"] == left and not order["awaiting"]

    def _go_on(self, order: Json) -> Json:
        if order["awaiting"] or order["state"] == "placing":
            return self._look_again("buyer", order)
        step: Json = next(each for each in order["steps"] if each["status"] == "current")
        who, other = (step["actor"], "buyer" if step["actor"] == "supplier" else "supplier")
        seen = self._seen(who, order)
        names = {action["name"]: action for action in seen["actions"]}
        if "resolve" in names:
            if self.plan != ABORT:
                return self._act(who, seen, "resolve", {"note": "Put right."})
            proposed = seen["exception"]["abort_proposed_by"]
            return self._act(other, self._seen(other, seen), "abort", {}) if proposed else self._act(who, seen, "propose_abort", {})
        if self.plan == CANCEL and "cancel" in names:
            return self._act(who, seen, "cancel", {"note": "Not needed any more."})
        if "exception" in names and self._is_time():
            reason = names["exception"]["form"]["properties"]["reason"]["enum"][0]
            return self._act(who, seen, "exception", {"reason": reason, "note": "Something went wrong."})
        done = next((action["name"] for action in seen["actions"] if action["step"] == step["name"] and action["name"] not in ("exception", "cancel")), "")
        if not done:
            return self._look_again(who, seen)
        if self.parcel and not self._prepare(step["name"], seen):
            return self._look_again(who, seen)
        if done == "pay" and self.stall.trade.deposit:
            self._deposit(seen)
        form = self.stall.trade.steps[step["name"]].get("form", {}) | (self.parcel.changes.get(step["name"], {}) if self.parcel else {})
        return self._act(who, seen, done, self._facts(who, seen).fill(form))

    def _prepare(self, step: str, seen: Json) -> bool:
        assert self.parcel
        try:
            return self.parcel.prepare(step, seen)
        except Refused as refused:
            self._forgive(refused)
            return False

    def _forgive(self, refused: Refused) -> None:
        """What is not possible any more, because the order has gone on meanwhile (the clock, a confirmation)."""
        self.refusals += 1
        if refused.status != 409 or self.refusals > _MOST_REFUSALS:
            raise refused

    def _is_time(self) -> bool:
        """Whether an exception is raised here; once a trade."""
        if self.raised or self.plan not in (EXCEPTION, ABORT):
            return False
        self.raised = self.draw.random() < 0.4
        return self.raised

    def _act(self, who: str, seen: Json, name: str, form: Json) -> Json:
        """Do what the answer offers. Where the order has gone on meanwhile, look again."""
        action = next((each for each in seen["actions"] if each["name"] == name), None)
        if action is None:
            return self._look_again(who, seen)
        try:
            order = self.web.command(self.parties[who], action["href"], form)
        except Refused as refused:
            self._forgive(refused)
            return self._look_again(who, seen)
        self.tally.done[seen["id"], name] += 1
        self.pause = _SHORTEST_PAUSE
        return order | {"seen_by": who}

    def _seen(self, who: str, order: Json) -> Json:
        """The order with what this party may do."""
        if order.get("seen_by") == who:
            return order
        return self.web.read(self.parties[who], f"/v1/orders/{order['id']}") | {"seen_by": who}

    def _look_again(self, who: str, order: Json) -> Json:
        time.sleep(self.pause)
        self.pause = min(_LONGEST_PAUSE, self.pause * 1.5)
        return self._seen(who, order | {"seen_by": None})

    def _deposit(self, order: Json) -> None:
        assert self.stall.trade.deposit
        booked = self._facts("buyer", order).fill(self.stall.trade.deposit)
        self.web.command(self.operator, "/v1/deposits", booked | {"account_id": self.parties["buyer"].id})
        self.tally.deposited.add(booked["reference"])

    def _facts(self, who: str, seen: Json) -> Facts:
        # All forms go by the day of placing, so that they agree also where the clock is put forward between two of them.
        today = date.fromisoformat(seen["history"][0]["at"][:10])
        return Facts(today=today, products=self.stall.products, order=seen, password=self.parties[who].password, known=self.parcel.known if self.parcel else {})


def mark(number: int) -> str:
    """What the orders of a trade have as their consignee's company."""
    return f"Trade {number}"
