"""Files of tariffs in the database: all of a file or nothing, what is shipped where there is none, and what operators see of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from services.logistics.application import tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.tariff_file import TariffFile
from services.logistics.application.tariff_files import add_file, add_shipped, read_file
from services.logistics.application.tariff_versions import get_tariff, list_tariffs, put_tariff
from services.logistics.models import tariff_breaks, tariffs as table
from shared.contracts import tariffs as contract
from shared.kit.actor import Actor
from shared.kit.errors import Forbidden, Invalid, NotFound, TradeError
from shared.kit.ids import new_id
from shared.platform.commands import once
from tests.builders.database import TestDatabase, call
from tests.integration.logistics.scene import OPERATOR
from tests.integration.logistics.test_tariffs import TODAY, wait_for_one_that_waits

YESTERDAY, TOMORROW = (f"{TODAY.fromordinal(TODAY.toordinal() + days)}" for days in (-1, 1))


def file(*sheets: tuple[str, str, str, str]) -> TariffFile:
    """A file of one-price tariffs: channel, currency, first day, price."""
    rows = ["channel,record,name,currency,valid_from,countries,up_to_kg,price"]
    for channel, currency, begins, price in sheets:
        rows += [f"{channel},tariff,,{currency},{begins}", f"{channel},zone,all,,,*", f"{channel},break,all,,,,70,{price}"]
    return read_file("mine.csv", "\n".join(rows).encode())


def load(database: TestDatabase, given: TariffFile) -> dict[str, bool]:
    """By channel, whether its tariff is new."""
    return {channel: new for channel, (_, new) in database.run(lambda tx: add_file(tx, given, "somebody")).items()}


def ask(database: TestDatabase, operation: Any, work: Any, data: dict[str, Any], actor: Actor | None = OPERATOR, key: str | None = None) -> Any:
    """An operation's answer, as the bus would give it."""
    asked = call(operation, actor, data, key)
    answer = database.run(lambda tx: once(tx, asked, work) if operation.writes else work(tx, asked))
    return answer if operation.writes else operation.answer().dump(answer)


def listed(database: TestDatabase, **data: Any) -> list[dict[str, Any]]:
    return ask(database, contract.LIST_TARIFFS, list_tariffs, data)["items"]  # type: ignore[no-any-return]


def put(database: TestDatabase, key: str | None = None, actor: Actor | None = OPERATOR, **changes: Any) -> Any:
    sheet = {"currency": "USD", "valid_from": f"{TODAY}", "zones": [{"name": "all", "countries": ["*"], "breaks": [{"up_to_kg": "70", "price": "9.00"}]}]}
    return ask(database, contract.PUT_TARIFF, put_tariff, {"channel": "express", **sheet, **changes}, actor, key)


def test_a_file_is_loaded_once_however_often(database: TestDatabase) -> None:
    sheets = (("express", "USD", TOMORROW, "9"), ("air_freight", "EUR", TOMORROW, "90"))
    assert load(database, file(*sheets)) == {"express": True, "air_freight": True}
    assert load(database, file(*sheets)) == {"express": False, "air_freight": False}
    assert load(database, file(sheets[0], ("air_freight", "EUR", TOMORROW, "95"))) == {"express": False, "air_freight": True}
    assert [(each["channel"], each["revision"]) for each in listed(database)] == [("air_freight", 2), ("air_freight", 1), ("express", 1)]


def test_a_file_with_one_wrong_row_loads_nothing(database: TestDatabase) -> None:
    wrong = file(("express", "USD", TOMORROW, "9"), ("air_freight", "EUR", TOMORROW, "9.005"))
    with pytest.raises(Invalid, match="cannot be loaded"):
        load(database, wrong)
    assert listed(database) == []


def test_a_tariff_that_begins_too_early_is_told_where_and_nothing_is_loaded(database: TestDatabase) -> None:
    load(database, file(("air_freight", "EUR", YESTERDAY, "9")))
    late = file(("express", "USD", TOMORROW, "9"), ("air_freight", "EUR", YESTERDAY, "10"))
    assert late.problems == []
    with pytest.raises(Invalid, match="cannot be loaded"):
        load(database, late)
    (problem,) = late.problems
    assert (problem.line, problem.column, problem.field) == (5, 5, "air_freight.valid_from")
    assert problem.problem.startswith(f"Has to be {TODAY} or later")
    assert [each["channel"] for each in listed(database)] == ["air_freight"]


def test_what_is_shipped_is_for_channels_that_have_no_tariff(database: TestDatabase) -> None:
    load(database, file(("express", "CHF", TODAY.isoformat(), "9")))
    for _ in range(2):
        database.run(add_shipped)
    mine = [each["loaded_by"] for each in listed(database, channel="express")]
    assert mine == ["somebody"]
    assert {each["channel"]: each["in_force"] for each in listed(database)} == dict.fromkeys(CHANNELS, True)
    assert len(listed(database)) == len(CHANNELS)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_shipped_is_loaded_once_by_two_at_the_same_time(database: TestDatabase) -> None:
    with ThreadPoolExecutor(2) as pool, database.transaction() as tx:
        add_shipped(tx)
        other = pool.submit(database.run, add_shipped)
        wait_for_one_that_waits(database)
        tx.connection.commit()
        other.result(20)
    assert [(each["channel"], each["revision"]) for each in listed(database)] == [(channel, 1) for channel in sorted(CHANNELS)]


def test_a_big_tariff_is_loaded_and_read(database: TestDatabase) -> None:
    """As many zones and weight breaks as a carrier's rate card has."""
    rows = ["channel,record,name,currency,valid_from,countries,up_to_kg,price", f"express,tariff,,USD,{TODAY}"]
    for zone, country in enumerate(sorted(contract.COUNTRIES)[:200]):
        rows.append(f"express,zone,{zone},,,{country}")
        rows += [f"express,break,{zone},,,,{kg},{kg + zone}.25" for kg in range(1, 51)]
    load(database, read_file("mine.csv", "\n".join(rows).encode()))
    made = database.run(lambda tx: tariffs.find(tx, tariffs.in_force(tx, TODAY)["express"]))
    assert len(made.by_country) == 200
    assert sum(len(zone.breaks) for zone in made.zones) == 10_000
    assert database.run(lambda tx: tx.execute(select(func.count()).select_from(tariff_breaks)).scalar_one()) == 10_000


def test_an_operator_puts_a_tariff_and_sees_it(database: TestDatabase) -> None:
    made = put(database)
    assert (made["channel"], made["revision"], made["in_force"], made["zones"], made["breaks"]) == ("express", 1, True, 1, 1)
    assert made["loaded_by"] == OPERATOR.id
    found = ask(database, contract.GET_TARIFF, get_tariff, {"channel": "express"})
    assert (found["id"], found["zones"][0]["breaks"]) == (made["id"], [{"up_to_kg": "70", "price": "9.00", "each_kg": None}])
    later = put(database, valid_from=TOMORROW, currency="EUR")
    assert (later["in_force"], later["revision"]) == (False, 1)
    assert ask(database, contract.GET_TARIFF, get_tariff, {"channel": "express"})["currency"] == "USD"
    assert ask(database, contract.GET_TARIFF, get_tariff, {"channel": "express", "tariff_id": later["id"]})["currency"] == "EUR"
    assert [(each["id"], each["in_force"]) for each in listed(database, channel="express")] == [(later["id"], False), (made["id"], True)]


def test_what_was_answered_can_be_put_again_and_is_the_same(database: TestDatabase) -> None:
    made = put(database, step_kg="0.5", highest_value="900.00", surcharges=[{"name": "Fuel", "kind": "percent", "amount": "12.5"}])
    found = ask(database, contract.GET_TARIFF, get_tariff, {"channel": "express"})
    again = put(database, **{name: value for name, value in found.items() if name not in ("id", "channel")})
    assert again["id"] == made["id"]


def test_a_put_that_is_sent_twice_makes_one_tariff(database: TestDatabase) -> None:
    key = new_id()
    assert put(database, key) == put(database, key)
    with pytest.raises(Invalid) as refused:
        put(database, key, currency="EUR")
    assert refused.value.code == "idempotency_key_reused"
    with database.transaction() as tx:
        assert tx.execute(select(table.c.currency)).scalars().all() == ["USD"]


def test_a_put_that_does_not_agree_with_itself_is_told_field_by_field(database: TestDatabase) -> None:
    breaks = [{"up_to_kg": "5", "price": "9.00"}, {"up_to_kg": "5", "price": "9.001"}]
    with pytest.raises(Invalid) as refused:
        put(database, zones=[{"name": "all", "countries": ["*"], "breaks": breaks}])
    assert refused.value.errors.keys() == {"zones.0.breaks.1.up_to_kg", "zones.0.breaks.1.price"}
    assert listed(database) == []


@pytest.mark.parametrize("role", ["buyer", "supplier", "carrier", "warehouse", "service"])
def test_tariffs_are_for_operators(database: TestDatabase, role: str) -> None:
    somebody = Actor(new_id(), frozenset({role}))
    with pytest.raises(Forbidden):
        put(database, actor=somebody)
    for operation, work, data in ((contract.LIST_TARIFFS, list_tariffs, {}), (contract.GET_TARIFF, get_tariff, {"channel": "express"})):
        with pytest.raises(Forbidden):
            ask(database, operation, work, data, somebody)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"channel": "pigeon_post"}, "channel_unknown"),
        ({"channel": "air_freight"}, "tariff_not_found"),
        ({"channel": "express", "tariff_id": new_id()}, "tariff_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(database: TestDatabase, data: dict[str, Any], code: str) -> None:
    put(database)
    with pytest.raises(NotFound) as refused:
        ask(database, contract.GET_TARIFF, get_tariff, data)
    assert refused.value.code == code


def test_a_tariff_is_not_found_under_another_channel(database: TestDatabase) -> None:
    made = put(database)
    with pytest.raises(NotFound):
        ask(database, contract.GET_TARIFF, get_tariff, {"channel": "air_freight", "tariff_id": made["id"]})


def test_a_channel_that_is_not_there_cannot_be_given_a_tariff(database: TestDatabase) -> None:
    with pytest.raises(TradeError) as refused:
        put(database, channel="pigeon_post")
    assert refused.value.code == "channel_unknown"
