from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from typing import Any

import pymupdf
import pytest
import zxingcpp
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageChops

from services.logistics.application.label import labels
from services.logistics.application.label_printing import pdf, printed
from services.logistics.domain.waybills import issue
from tests.label_picture import PICTURE, picture as picture_of_sample
from tests.unit.logistics.parcels import RECIPIENT, SENDER, WAYBILLS, consignment, package, small_order

SCANNER = 203  # dots an inch of a common label printer
MARGIN, QUIET_BARS = 4 * 72 / 25.4, 10


def pages(*args: Any, **changes: Any) -> list[pymupdf.Page]:
    return list(pymupdf.open(stream=pdf(labels(consignment(*args, **changes)))))


def picture(page: pymupdf.Page, dpi: int = SCANNER) -> Image.Image:
    return Image.open(BytesIO(page.get_pixmap(dpi=dpi).tobytes("png")))


def read(page: pymupdf.Page, dpi: int = SCANNER) -> list[tuple[str, str]]:
    """What a scanner finds on the page: symbology and number."""
    return [(str(code.symbology), code.text) for code in zxingcpp.read_barcodes(picture(page, dpi))]


def words(page: pymupdf.Page) -> str:
    return " ".join(page.get_text().split())


def bars(page: pymupdf.Page) -> pymupdf.Rect:
    """The box around the barcode's bars."""
    upright = [each["rect"] for each in page.get_drawings() if each["rect"].height > 30]
    return pymupdf.Rect(min(r.x0 for r in upright), min(r.y0 for r in upright), max(r.x1 for r in upright), max(r.y1 for r in upright))


def spans(page: pymupdf.Page) -> list[pymupdf.Rect]:
    """Where the letters of each piece of text are: from the height of a capital to the baseline."""
    found = [span for block in page.get_text("dict")["blocks"] for line in block.get("lines", ()) for span in line["spans"] if span["text"].strip()]
    return [pymupdf.Rect(each["bbox"][0], each["origin"][1] - 0.7 * each["size"], each["bbox"][2], each["origin"][1]) for each in found]


def assert_in_order(page: pymupdf.Page) -> None:
    """Nothing over the edge, nothing on the barcode or its quiet zone, no two words over each other."""
    letters = spans(page)
    paper = pymupdf.Rect(MARGIN - 0.5, MARGIN - 0.5, page.rect.width - MARGIN + 0.5, page.rect.height - MARGIN + 0.5)
    assert [each for each in letters if not paper.contains(each)] == []
    if any(each["rect"].height > 30 for each in page.get_drawings()):
        code = bars(page)
        quiet = pymupdf.Rect(code.x0 - 14, code.y0, code.x1 + 14, code.y1)
        assert [each for each in letters if each.intersects(quiet)] == []
    smaller = [pymupdf.Rect(each.x0 + 0.3, each.y0 + 0.3, each.x1 - 0.3, each.y1 - 0.3) for each in letters]
    assert [pair for pair in combinations(smaller, 2) if pair[0].intersects(pair[1])] == []


@pytest.mark.parametrize("carrier", WAYBILLS)
@pytest.mark.parametrize("dpi", [SCANNER, 300])
def test_a_scanner_reads_the_waybill_of_each_carrier(carrier: str, dpi: int) -> None:
    (page,) = pages(carrier=carrier)
    assert read(page, dpi) == [("Code 128", WAYBILLS[carrier])]
    assert WAYBILLS[carrier] in words(page)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([("post", "postal_packet"), ("dhl", "x"), ("ups", "x"), ("fedex", "x"), ("tnt", "x")]), st.integers(0, 10**7 - 1))
def test_whatever_waybill_is_issued_can_be_scanned(channel: tuple[str, str], serial: int) -> None:
    waybill = issue(*channel, serial, "CN")
    (page,) = pages(carrier=channel[0], waybill=waybill)
    assert read(page) == [("Code 128", waybill)]


@pytest.mark.parametrize("carrier", WAYBILLS)
def test_the_barcode_is_tall_enough_and_keeps_its_quiet_zone(carrier: str) -> None:
    (page,) = pages(carrier=carrier)
    code = bars(page)
    bar = min(each["rect"].width for each in page.get_drawings() if each["rect"].height > 30)
    assert code.height * 25.4 / 72 >= 12.5
    assert bar * 25.4 / 72 >= 0.25
    assert min(code.x0, page.rect.width - code.x1) >= QUIET_BARS * bar


def test_a_long_waybill_gets_narrower_bars_and_keeps_its_quiet_zone() -> None:
    (page,) = pages(waybill="A1B2C3D4E5F6G7H8J9K0L1M2N3")
    bar = min(each["rect"].width for each in page.get_drawings() if each["rect"].height > 30)
    assert min(bars(page).x0, page.rect.width - bars(page).x1) >= QUIET_BARS * bar
    assert read(page, 300) == [("Code 128", "A1B2C3D4E5F6G7H8J9K0L1M2N3")]


def test_pages_are_a6_one_a_package_each_with_the_barcode() -> None:
    made = pages(packages=[package(count=3)])
    assert [(round(page.rect.width * 25.4 / 72), round(page.rect.height * 25.4 / 72)) for page in made] == [(105, 148)] * 3
    assert [read(page) for page in made] == [[("Code 128", WAYBILLS["post"])]] * 3
    assert [f"{number} / 3" in words(page) for number, page in enumerate(made, 1)] == [True] * 3
    assert "told on the label of package 1" in words(made[2])


def test_everything_on_a_label_is_printed_and_nothing_is_in_the_way() -> None:
    (label,) = labels(consignment())
    (page,) = pages()
    declaration = label["declaration"]
    assert declaration is not None
    told = [label["carrier"], label["service"], label["destination"], *label["sender"], *label["recipient"], declaration["form"], declaration["statement"]]
    told += [value for _, value in (*label["facts"], *declaration["facts"], *declaration["totals"])]
    told += [cell for row in declaration["rows"] for cell in row]
    content = words(page)
    assert [each for each in told if each not in content] == []
    assert_in_order(page)


def test_a_declaration_of_many_lines_goes_on_overleaf_and_ends_once() -> None:
    line = small_order()["lines"][0]
    made = pages(small_order(lines=[line | {"title": f"Hand drill, model {number:03d} of a long range of tools"} for number in range(200)]))
    assert len(made) > 3
    content = [words(page) for page in made]
    assert [f"model {number:03d} of" in " ".join(content) for number in range(200)] == [True] * 200
    assert ["Continued overleaf." in page for page in content] == [True] * (len(made) - 1) + [False]
    assert [WAYBILLS["post"] in page for page in content] == [True] * len(made)
    assert ["Total value" in page for page in content] == [False] * (len(made) - 1) + [True]
    for page in made:
        assert_in_order(page)


LETTERS = st.text(st.sampled_from("aWi.- Ü߀北京東京サーバ서울ЖΩ🚢שָאب<&/\\%"), min_size=1, max_size=100).filter(str.strip)


@settings(max_examples=30, deadline=None)
@given(st.fixed_dictionaries({"name": LETTERS, "company": LETTERS, "street": LETTERS, "city": LETTERS, "region": LETTERS}), LETTERS, st.integers(1, 4))
def test_hostile_words_never_leave_their_boxes_and_the_barcode_is_read_whatever_they_are(address: dict[str, str], title: str, lines: int) -> None:
    of = small_order()
    of["terms"]["ship_to"] = RECIPIENT | address
    of["lines"] = [of["lines"][0] | {"title": title}] * lines
    for page in pages(of, sender=SENDER | address):
        assert_in_order(page)
    assert read(pages(of, sender=SENDER | address)[0]) == [("Code 128", WAYBILLS["post"])]


@pytest.mark.parametrize("letter", ["W", "中", "W ", "i"])
def test_the_longest_words_that_every_field_takes_fit_or_are_seen_to_be_cut(letter: str) -> None:
    def longest(length: int) -> str:
        return (letter * length)[:length].strip()

    address = {"name": longest(120), "company": longest(120), "street": longest(200), "city": longest(100), "region": longest(100)}
    of = small_order(number="TO-" + longest(17))
    of["terms"]["ship_to"] = RECIPIENT | address | {"postal_code": longest(20), "phone": longest(40)}
    of["lines"] = [line | {"title": longest(200), "quantity": 10**9, "line_total": {"amount": "9999999999999.99", "currency": "USD"}} for line in of["lines"]]
    made = pages(of, sender=SENDER | address)
    for page in made:
        assert_in_order(page)
    assert read(made[0]) == [("Code 128", WAYBILLS["post"])]
    assert "…" in " ".join(map(words, made)) or letter == "i"
    assert "9,999,999,999,999.99" in words(made[-1])


@pytest.mark.parametrize("street", ["宁波市北仑区88号", "東京都港区サーバー通り", "서울특별시 강남구", "ул. Ленина 5", "Λεωφόρος 7", "<b>&amp;</b>"])
def test_addresses_in_many_scripts_are_printed_as_they_are(street: str) -> None:
    of = small_order()
    of["terms"]["ship_to"] = RECIPIENT | {"street": street}
    assert street in words(pages(of)[0])


def test_the_same_labels_are_the_same_bytes_and_come_as_base64() -> None:
    made = labels(consignment())
    answer = printed(made)
    assert (answer["name"], answer["media_type"]) == ("label-TO-7Q4M9-0ZK2W", "application/pdf")
    assert base64.b64decode(answer["content"]) == pdf(made)


def test_labels_of_many_orders_make_one_document() -> None:
    many = [replace(consignment(), waybill=issue("post", "postal_parcel", serial, "CN")) for serial in range(20)]
    document = pymupdf.open(stream=pdf(label for each in many for label in labels(each)))
    assert [read(page) for page in document] == [[("Code 128", each.waybill)] for each in many]


def test_the_picture_in_the_documentation_is_the_samples_label() -> None:
    shown = Image.open(PICTURE)
    assert [code.text for code in zxingcpp.read_barcodes(shown)] == [WAYBILLS["post"]]
    drawn = Image.open(BytesIO(picture_of_sample()))
    assert shown.size == drawn.size
    assert sum(ImageChops.difference(shown.convert("L"), drawn.convert("L")).histogram()[64:]) < 0.005 * shown.width * shown.height
