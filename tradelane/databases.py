"""The services' databases as the operators' commands reach them: whatever goes wrong is told in a sentence that names the service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import ProgrammingError

from services.logistics.application.tariff_files import add_shipped
from shared.kit.errors import Unavailable
from shared.platform.database import DatabaseUnavailable, Transaction, make_engine, run
from shared.platform.migrate import migrate
from shared.platform.settings import Settings

Run = Callable[[Callable[[Transaction], Any]], Any]


def bring_up(services: Collection[str], settings: Settings) -> None:
    """The services' databases to the newest schema, with what a new system begins with in them."""
    migrate(services, settings)
    if "logistics" in services:
        with database("logistics", settings) as run:
            run(add_shipped)


@contextmanager
def database(service: str, settings: Settings) -> Iterator[Run]:
    """`run(work)`: `work(tx)` in one transaction of the service's database; Unavailable where that is away or not migrated."""
    engine = make_engine(service, settings)
    try:
        yield lambda work: run(engine, work)[0]
    except (DatabaseUnavailable, ProgrammingError) as error:
        cause = error if isinstance(error, ProgrammingError) else error.__cause__
        words = str(getattr(cause, "orig", cause)).partition("\n")[0]
        raise Unavailable("database_unavailable", f"The database of {service} does not answer as it should: {words}") from error
    finally:
        engine.dispose()
