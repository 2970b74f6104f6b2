from __future__ import annotations

import re

import pytest

from services.logistics.domain.numbers import check_digit, comparable, export_number


@pytest.mark.parametrize("container", ["CSQU3054383", "MSKU6011672"])
def test_the_check_digit_is_that_of_containers_on_the_sea(container: str) -> None:
    assert check_digit(container[:-1]) == container[-1]


def test_an_export_number_has_year_country_procedure_and_a_right_check_digit() -> None:
    number = export_number(2026, "CN")
    assert re.fullmatch(r"26CN[0-9A-HJKMNP-TV-Z]{12}A\d", number)
    assert check_digit(number[:-1]) == number[-1]


def test_one_wrong_character_shows_in_the_check_digit() -> None:
    number = export_number(2026, "CN")
    wrong = [place for place in range(17) if check_digit(number[:place] + ("8" if number[place] != "8" else "9") + number[place + 1 : 17]) != number[-1]]
    assert len(wrong) >= 13  # modulo 11, then 10: some single faults stay unseen, most do not


def test_export_numbers_do_not_repeat() -> None:
    assert len({export_number(2026, "CN") for _ in range(2000)}) == 2000


@pytest.mark.parametrize(("given", "same"), [("020-1234 5675", "02012345675"), ("cosu6123456780", "COSU 612 345 678 0"), ("PA/2026.7", "pa 2026-7")])
def test_numbers_are_compared_without_what_forms_add(given: str, same: str) -> None:
    assert comparable(given) == comparable(same)


def test_numbers_of_nothing_but_dashes_still_differ() -> None:
    assert comparable("--") == "--"
    assert comparable("--") != comparable("---")
