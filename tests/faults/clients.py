"""The clients: threads that trade, more of them for a while where the system is to be crowded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.faults.market import Market
from tests.faults.tally import Tally
from tests.faults.trader import Trader
from tests.faults.web import Web


class Clients:
    """`orders` trades in all, by `number` clients at a time; `web()` makes a client's connections."""

    def __init__(self, orders: int, number: int, seed: str, web: Callable[[], Web], market: Market, tally: Tally) -> None:
        self._trades = iter(range(1, orders + 1))
        self._lock = threading.Lock()
        self._number, self._seed, self._web, self._market, self._tally = number, seed, web, market, tally
        self._threads: list[threading.Thread] = []
        self._traders: list[Trader] = []
        self._add(number, lambda: True)

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def crowd(self, seconds: float) -> None:
        """Three times as many, for a while."""
        until = time.monotonic() + seconds
        self._add(2 * self._number, lambda: time.monotonic() < until)
        time.sleep(seconds)

    def call_off(self) -> None:
        """What was left to be overdue, one after the other."""
        for trader in self._traders:
            trader.call_off()

    def _add(self, number: int, wanted: Callable[[], bool]) -> None:
        threads = [threading.Thread(target=self._trade, args=[wanted], daemon=True) for _ in range(number)]
        self._threads += threads
        for thread in threads:
            thread.start()

    def _trade(self, wanted: Callable[[], bool]) -> None:
        web = self._web()
        while wanted():
            with self._lock:
                number = next(self._trades, None)
            if number is None:
                return
            trader = Trader(web, self._market, self._tally, self._seed, number)
            self._traders.append(trader)
            trader.run()
