"""A session of the ORM for each worker, closed when it is done."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from nameko import config
from nameko.extensions import DependencyProvider
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker


class Database(DependencyProvider):
    """Makes the tables of `base` that are not there yet."""

    def __init__(self, base: Any) -> None:
        self.base = base

    def setup(self) -> None:
        self.engine = create_engine(config["DATABASE"])
        self.base.metadata.create_all(self.engine)
        self.new_session = sessionmaker(self.engine)
        self.sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()

    def stop(self) -> None:
        self.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Session:
        self.sessions[worker_ctx] = self.new_session()
        return self.sessions[worker_ctx]

    def worker_teardown(self, worker_ctx: Any) -> None:
        self.sessions.pop(worker_ctx).close()
