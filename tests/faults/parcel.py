"""What a parcel that is booked online takes besides its order's forms: a means of payment, a booking, freight to pay it with, a warehouse, a carrier."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from uuid import uuid4

from tests.faults.market import GOOD, Market, Means, Stall
from tests.faults.tally import Tally
from tests.faults.web import Json, Web
from tradelane.demo.placeholders import Facts

_VOIDED_SHARE = 0.1
"""The share of bookings that are void first, and made again."""
_BY_CARD_SHARE = 0.5
"""The share of top-ups that come from a card and not from a balance."""
_PAUSE = 0.5


class Parcel:
    """One trade's; `known` is what its forms are filled in with."""

    def __init__(self, web: Web, market: Market, stall: Stall, tally: Tally, draw: random.Random) -> None:
        self.web, self.market, self.stall, self.tally = web, market, stall, tally
        self.means = [GOOD, market.choose_means(draw)]
        self.by_card = draw.random() < _BY_CARD_SHARE
        self.voids = draw.random() < _VOIDED_SHARE
        self.sightings = list(stall.trade.steps["transport"]["tracking"])
        self.booked: Json | None = None
        self.known: dict[str, str] = {}
        self.changes: dict[str, Json] = {}

    def ask_quotes(self) -> None:
        facts = Facts(today=datetime.now(UTC).date(), products=self.stall.products)
        self.web.command(self.stall.buyer, "/v1/quotes", facts.fill(self.stall.trade.quote_request()))

    def prepare(self, step: str, order: Json) -> bool:
        """The next of what comes before the step's form; whether that is all, and the form is due."""
        match step:
            case "payment":
                self._choose_means()
            case "shipping":
                return self._book(order)
            case "transport":
                self._carry(order)
                return False  # the carrier's word takes it on
        return True

    def _choose_means(self) -> None:
        """The trade's own first; where that is refused, one that never is."""
        means = self.means.pop() if len(self.means) > 1 else GOOD
        self.known["payment_method"] = self._bind("buyer", means)
        self.changes["payment"] = {"method": means.kind}

    def _bind(self, who: str, means: Means) -> str:
        """The id of the method; one that is bound already stays as it is."""
        token = {"provider": self.market.provider, "token": self.market.tokens[means]}
        return str(self.web.command(self.stall.parties[who], "/v1/payment-methods", token)["id"])

    def _book(self, order: Json) -> bool:
        supplier = self.stall.supplier
        if self.booked is None:
            self.booked = self.web.command(supplier, f"/v1/orders/{order['id']}/logistics-order", self.stall.trade.booking_request())
            self.tally.booked[order["id"]] += 1
        booked = self.booked = self._look(self.booked)
        if booked["state"] == "refused":
            self._top_up(self.by_card)
            self.booked = None
        elif booked["waybill_number"] and self.voids:
            self.web.command(supplier, _offered(booked)["void"]["href"], {})
            self.booked, self.voids = None, False
        elif booked["waybill_number"] and booked["waybill_number"] != self.known.get("waybill"):
            self.web.fetch(supplier, f"/v1/orders/{order['id']}/label")
            self.known["waybill"] = booked["waybill_number"]
        else:
            return bool(booked["waybill_number"])
        return False

    def _carry(self, order: Json) -> None:
        """Into the warehouse, over its scales, to the carrier, and home: one at a time."""
        assert self.booked
        content, waybill = self.stall.trade.steps["transport"], {"waybill_number": self.known["waybill"]}
        parcel = self._look(self.booked)
        offered = _offered(parcel)
        forms = {"hand_over": {}, "weigh": content["warehouse"], "scan_in": waybill}
        if name := next((each for each in forms if each in offered), None):
            self.web.command(self.market.warehouse, offered[name]["href"], forms[name])
        elif parcel["state"] == "on_hold" and parcel["reason"]:  # until there is enough, also for others that wait
            self._top_up(by_card=False)
        elif parcel["state"] == "handed_over" and self.sightings:
            event = {"event_id": uuid4().hex, "occurred_at": datetime.now(UTC).isoformat(), "channel": order["terms"]["channel"]}
            self.web.command(self.market.carrier, "/v1/tracking-events", event | waybill | self.sightings.pop(0))

    def _look(self, booked: Json) -> Json:
        """The logistics order as its supplier sees it last, with all that may be done with it, by the warehouse, too."""
        path = f"/v1/logistics-orders/{booked['id']}"
        by_warehouse, seen = self.web.read(self.market.warehouse, path), self.web.read(self.stall.supplier, path)
        return seen | {"actions": seen["actions"] + by_warehouse["actions"]}

    def _top_up(self, by_card: bool) -> None:
        """The supplier's freight account, from a card or from a balance that an operator fills first."""
        assert self.stall.trade.freight_account
        supplier, amount = self.stall.supplier, self.stall.trade.freight_account["top_up"]
        request: Json = {"amount": amount}
        if by_card:
            request["payment_method_id"] = self._bind("supplier", GOOD)
        else:
            reference = f"Freight {uuid4().hex}"
            self.web.command(self.market.operator, "/v1/deposits", {"account_id": supplier.id, "amount": amount, "reference": reference})
            self.tally.deposited.add(reference)
        account = self.web.command(supplier, "/v1/freight-account/top-ups", request)
        self.tally.topped_up("card" if by_card else "balance")
        while account["awaiting"]:
            time.sleep(_PAUSE)
            account = self.web.read(supplier, "/v1/freight-account")


def _offered(booked: Json) -> dict[str, Json]:
    return {action["name"]: action for action in booked["actions"]}
