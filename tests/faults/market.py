"""Who trades what: pairs of a buyer and a supplier, each with the goods of every shipped trade that is not booked online; made once, before anything is broken."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from services.accounts.application.handlers import create_account
from services.accounts.application.passwords import hash_password
from shared.platform import database
from shared.platform.settings import Settings
from tests.faults.web import Account, Web
from tradelane.demo.trade import Trade
from tradelane.demo.trade_file import load, shipped

PARCEL = "teaware-parcel"
PARCEL_SHARE = 0.4
"""As in life, more parcels than containers."""
SCARCE_SHARE = 0.06
"""The share of trades that ask for goods of which there are too few for all of them."""


@dataclass(frozen=True)
class Stall:
    """One trade's goods at one supplier: `products` by SKU, `stock` by product id as it was at first."""

    trade: Trade
    buyer: Account
    supplier: Account
    products: dict[str, str]
    stock: dict[str, int]


@dataclass(frozen=True)
class Market:
    stalls: list[Stall]
    scarce: Stall
    operator: Account

    def choose(self, draw: random.Random) -> Stall:
        if draw.random() < SCARCE_SHARE:
            return self.scarce
        wanted = draw.random() < PARCEL_SHARE
        return draw.choice([stall for stall in self.stalls if (stall.trade.source == f"{PARCEL}.yaml") == wanted])

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
    web.sign_in(operator)
    trades = [trade for trade in map(load, shipped()) if not trade.online]  # what the forms of the steps say is all there is to do
    stalls = []
    for _ in range(1 + min(3, orders // 500)):
        buyer, supplier = _pair(web, accounts, trades[0])
        stalls += [_stall(web, trade, buyer, supplier, orders) for trade in trades]
    few = max(1, int(orders * SCARCE_SHARE / 2))
    scarce = _stall(web, load(PARCEL), *_pair(web, accounts, trades[0]), few)
    return Market(stalls, scarce, operator)


def _pair(web: Web, accounts: Accounts, trade: Trade) -> tuple[Account, Account]:
    """A buyer, who registers, and a supplier, who is known."""
    buyer = Account(f"buyer.{secrets.token_hex(5)}@faults.example", secrets.token_urlsafe(16))
    buyer.id = web.command(None, "/v1/accounts", {**trade.buyer, "role": "buyer", "email": buyer.email, "password": buyer.password})["id"]
    supplier = accounts("supplier", trade.supplier["name"])
    for account in (buyer, supplier):
        web.sign_in(account)
    return buyer, supplier


def _stall(web: Web, trade: Trade, buyer: Account, supplier: Account, orders: int) -> Stall:
    asked = {line["sku"]: line["quantity"] for line in trade.agreed_order()["lines"]}
    products, stock = {}, {}
    for product in trade.products:
        listed = web.command(supplier, "/v1/products", product | {"stock": asked.get(product["sku"], 1) * orders})
        products[product["sku"]] = listed["id"]
        stock[listed["id"]] = listed["on_hand"]
    return Stall(trade, buyer, supplier, products, stock)
