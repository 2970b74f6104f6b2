"""Who trades what: pairs of a buyer and a supplier, each with the goods of every shipped trade, and the staff that parcels pass; made once, before anything is broken."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from services.accounts.application.handlers import create_account
from services.accounts.application.passwords import hash_password
from shared.platform import database
from shared.platform.settings import Settings
from tests.faults.web import Account, Web
from tradelane.demo.parcel import make_token
from tradelane.demo.trade import Trade
from tradelane.demo.trade_file import load, shipped

PARCEL = "teaware-parcel"
PARCELS = (f"{PARCEL}.yaml", "parcel.yaml")
PARCEL_SHARE = 0.6
"""As in life, more parcels than containers."""
SCARCE_SHARE = 0.06
"""The share of trades that ask for goods of which there are too few for all of them."""


@dataclass(frozen=True)
class Means:
    """What somebody pays with: one of the numbers that the sandbox knows, by its `kind`."""

    kind: str
    number: str

    @property
    def details(self) -> dict[str, str]:
        return {"card": {"number": self.number, "expires": "2098-12"}, "wallet": {"account": self.number}, "bank_debit": {"iban": self.number}}[self.kind]


GOOD = Means("card", "4242424242424242")
_MEANS = {
    GOOD: 8,
    Means("wallet", "ok@wallet.example"): 4,
    Means("bank_debit", "DE89370400440532013000"): 4,
    Means("card", "4000000000000077"): 2,  # authorized later
    Means("card", "4000000000000341"): 1,  # declined later
    Means("card", "4000000000000002"): 1,  # declined
    Means("card", "4000000000000259"): 1,  # authorized, and over before it can be captured
    Means("card", "4000000000007726"): 3,  # refunded later
    Means("card", "4000000000005126"): 2,  # cannot be refunded
}
"""Means of payment, with the weight of how often a buyer has them."""


@dataclass(frozen=True)
class Stall:
    """One trade's goods at one supplier: `products` by SKU, `stock` by product id as it was at first."""

    trade: Trade
    buyer: Account
    supplier: Account
    products: dict[str, str]
    stock: dict[str, int]

    @property
    def parties(self) -> dict[str, Account]:
        return {"buyer": self.buyer, "supplier": self.supplier}


@dataclass(frozen=True)
class Market:
    """`tokens`: what the payment provider of this name has made of each means of payment."""

    stalls: list[Stall]
    scarce: Stall
    operator: Account
    warehouse: Account
    carrier: Account
    provider: str
    tokens: dict[Means, str]

    def choose(self, draw: random.Random) -> Stall:
        if draw.random() < SCARCE_SHARE:
            return self.scarce
        wanted = draw.random() < PARCEL_SHARE
        return draw.choice([stall for stall in self.stalls if (stall.trade.source in PARCELS) == wanted])

    def choose_means(self, draw: random.Random) -> Means:
        return draw.choices(list(_MEANS), list(_MEANS.values()))[0]

    @property
    def stock(self) -> dict[str, int]:
        return {product: count for stall in (*self.stalls, self.scarce) for product, count in stall.stock.items()}


Accounts = Callable[[str, str], Account]
"""Makes the account of a role and a name."""


def open_account(settings: Settings, role: str, name: str) -> Account:
    """A verified one, as an operator's command line makes it."""
    account = Account(f"{role}.{secrets.token_hex(5)}@faults.example", secrets.token_urlsafe(16))
    password = hash_password(account.password, account.email)
    engine = database.make_engine("accounts", settings)
    made, _ = database.run(engine, lambda tx: create_account(tx, account.email, password, name, "CH", [role], verified=True))
    engine.dispose()
    account.id = made["id"]
    return account


def open_market(web: Web, accounts: Accounts, operator: Account, orders: int) -> Market:
    """Accounts and products for so many orders; the more orders, the more pairs, up to four."""
    warehouse, carrier = (accounts(role, f"A {role}") for role in ("warehouse", "carrier"))
    for account in (operator, warehouse, carrier):
        web.sign_in(account)
    trades = list(map(load, shipped()))
    # They have a supplier each: some of their goods have the same SKU.
    groups = [trade for trade in trades if not trade.online], [trade for trade in trades if trade.online]
    stalls = []
    for group in groups * (1 + min(3, orders // 500)):
        buyer, supplier = _pair(web, accounts, group[0])
        stalls += [_stall(web, trade, buyer, supplier, orders) for trade in group]
    few = max(1, int(orders * SCARCE_SHARE / 2))
    scarce = _stall(web, load(PARCEL), *_pair(web, accounts, trades[0]), few)
    provider = web.read(scarce.buyer, "/v1/payment-provider")
    tokens = {means: make_token(provider, {means.kind: means.details}) for means in _MEANS}
    return Market(stalls, scarce, operator, warehouse, carrier, provider["name"], tokens)


def _pair(web: Web, accounts: Accounts, trade: Trade) -> tuple[Account, Account]:
    """A buyer, who registers, and a supplier, who is known."""
    buyer = Account(f"buyer.{secrets.token_hex(5)}@faults.example", secrets.token_urlsafe(16))
    buyer.id = web.command(None, "/v1/accounts", {**trade.buyer, "role": "buyer", "email": buyer.email, "password": buyer.password})["id"]
    supplier = accounts("supplier", trade.supplier["name"])
    for account in (buyer, supplier):
        web.sign_in(account)
    return buyer, supplier


def _stall(web: Web, trade: Trade, buyer: Account, supplier: Account, orders: int) -> Stall:
    asked: Counter[str] = Counter()
    for line in trade.agreed_order()["lines"]:
        asked[line["sku"]] += line["quantity"]
    if trade.freight_account:
        web.command(supplier, "/v1/freight-account", {"currency": trade.freight_account["currency"]})
    products, stock = {}, {}
    for product in trade.products:
        listed = web.command(supplier, "/v1/products", product | {"stock": max(1, asked[product["sku"]]) * orders})
        products[product["sku"]] = listed["id"]
        stock[listed["id"]] = listed["on_hand"]
    return Stall(trade, buyer, supplier, products, stock)
