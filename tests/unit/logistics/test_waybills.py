from __future__ import annotations

import pytest
from hypothesis import assume, given, strategies as st
from tracking_numbers import get_tracking_number

from services.logistics.domain.waybills import Recognition, issue, recognise

# Each with a channel, its kind of number and how many digits a serial has there.
CARRIERS = {
    "post": ("postal_parcel", "upu_s10", 8),
    "dhl": ("dhl_express", "dhl_express", 9),
    "ups": ("ups_express", "ups_1z", 7),
    "fedex": ("fedex_express", "fedex_express", 11),
    "tnt": ("tnt_express", "tnt_consignment", 8),
}

# Numbers that others have published as right: UPU's and Royal Mail's samples, carriers' own, those of the parcel community's collection.
PUBLISHED = [
    *(("post", number) for number in ("RR473124829GB", "EE471108151FR", "RB123456785GB", "EB000717618HK", "CP123456785DE", "rr 4731 2482 9 gb")),
    *(("dhl", number) for number in ("3318810025", "8487135506", "1099255990", "33188 10036")),
    *(("ups", number) for number in ("1Z879E930346834440", "1Z 591580 68 55587736", "1Z5R89390357567127", "1ZXX3150YW44070023", "1z999aa10123456784")),
    *(("fedex", number) for number in ("986578788855", "477179081230", "799531274483", "7905 3531 2317")),
    *(("tnt", number) for number in ("123456785", "223456788", "183928252", "480253470", "GE123456785WW")),
]


@pytest.mark.parametrize(("carrier", "number"), PUBLISHED)
def test_published_numbers_are_recognised_and_found_right(carrier: str, number: str) -> None:
    assert recognise(number) == [Recognition(carrier, CARRIERS[carrier][1], valid=True)]


@pytest.mark.parametrize(("carrier", "number"), PUBLISHED)
def test_a_wrong_check_digit_shows_whose_number_it_was_meant_to_be(carrier: str, number: str) -> None:
    last = max(place for place, character in enumerate(number) if character.isdigit())
    for wrong in set("0123456789") - {number[last]}:
        assert recognise(number[:last] + wrong + number[last + 1 :]) == [Recognition(carrier, CARRIERS[carrier][1], valid=False)]


@pytest.mark.parametrize(
    "number",
    [
        "",
        "--",
        "COSU6123456780",
        "12345678",
        "1Z12345",
        "RR12345678GB",
        "JR473124829GB",
        "RR473124829G1",
        "RR473124829GBX",
        "\uff32R473124829GB",
        "\u0663318810025",
        "ß",
    ],
)
def test_what_looks_like_no_carriers_number_is_nobodys(number: str) -> None:
    assert recognise(number) == []


@pytest.mark.parametrize(
    ("carrier", "channel", "number"),
    [
        ("post", "postal_parcel", "CP473124829CN"),
        ("post", "postal_packet", "RR473124829CN"),
        ("tnt", "tnt_express", "473124829"),
    ],
)
def test_a_serial_number_gives_this_waybill(carrier: str, channel: str, number: str) -> None:
    assert issue(carrier, channel, 47312482, "CN") == number


def test_ups_puts_shipper_and_service_before_the_serial_number() -> None:
    assert issue("ups", "ups_express", 4711, "CN")[:17] == "1ZTR4D3L660004711"


@given(st.sampled_from(sorted(CARRIERS)), st.integers(min_value=0), st.data())
def test_whatever_is_issued_is_recognised_and_another_serial_is_another_number(carrier: str, serial: int, data: st.DataObject) -> None:
    channel, kind, digits = CARRIERS[carrier]
    serial %= 10**digits
    other = data.draw(st.integers(0, 10**digits - 1).filter(lambda each: each != serial))
    number = issue(carrier, channel, serial, "CN")
    assert recognise(number) == [Recognition(carrier, kind, valid=True)]
    assert number == issue(carrier, channel, serial, "CN") != issue(carrier, channel, other, "CN")


@given(st.sampled_from(sorted(CARRIERS.keys() - {"tnt"})), st.integers(0, 10**7 - 1))
def test_another_library_finds_issued_numbers_right_too(carrier: str, serial: int) -> None:
    found = get_tracking_number(issue(carrier, CARRIERS[carrier][0], serial, "CN"))
    assert found is not None
    assert (found.courier.code, found.valid) == ({"post": "s10"}.get(carrier, carrier), True)


@given(st.integers(0, 10**8 - 1), st.integers(2, 9), st.sampled_from("0123456789"))
def test_one_wrong_digit_in_a_postal_number_is_seen_but_with_5_that_stands_for_two_remainders(serial: int, place: int, wrong: str) -> None:
    number = issue("post", "postal_parcel", serial, "CN")
    assume(number[10] != "5")
    changed = number[:place] + wrong + number[place + 1 :]
    assert [each.valid for each in recognise(changed)] == [changed == number]


@pytest.mark.parametrize(
    ("carrier", "channel", "serial", "country", "message"),
    [
        ("dpd", "dpd_parcel", 1, "CN", "dpd is no carrier"),
        ("post", "sea_freight", 1, "CN", "channel sea_freight or country CN is wrong"),
        ("post", "postal_parcel", 1, "China", "country China is wrong"),
        ("post", "postal_parcel", 10**8, "CN", "outside of post's range of 8 digits"),
        ("ups", "ups_express", -1, "CN", "outside of ups's range of 7 digits"),
    ],
)
def test_there_is_no_such_number(carrier: str, channel: str, serial: int, country: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        issue(carrier, channel, serial, country)
