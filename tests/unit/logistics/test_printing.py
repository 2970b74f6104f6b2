from __future__ import annotations

import base64
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from services.logistics.application.papers import PAPERS
from services.logistics.application.printing import pdf, printed
from tests.unit.logistics.sample import export_form, order, terms, usd
from tests.unit.logistics.test_papers import papers


def pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]


def text(of: dict[str, Any], name: str = "commercial_invoice") -> str:
    return " ".join(pages(pdf(papers(of)[name])))


def long_order(lines: int) -> dict[str, Any]:
    first = order()["lines"][0] | {"net_mass_kg": "1.8", "gross_mass_kg": "2"}
    many = [first | {"sku": f"HT-{n:04d}", "quantity": 1, "unit_price": usd(f"{n}.25"), "line_total": usd(f"{n}.25")} for n in range(1, lines + 1)]
    return order(lines=many, total=usd(f"{sum(range(1, lines + 1)) + lines / 4:.2f}"))


@pytest.mark.parametrize("name", PAPERS)
def test_everything_on_a_paper_is_printed(name: str) -> None:
    paper = papers()[name]
    content = pages(pdf(paper))[0]
    words = [paper["title"], paper["number"], paper["reference"], paper["issued_on"], paper["signed_by"], *paper["statements"]]
    words += [word for labelled in (paper["facts"], paper["totals"]) for pair in labelled for word in pair]
    words += [line for panel in paper["panels"] for line in (panel["title"], *panel["lines"])]
    words += [column["title"] for column in paper["columns"]] + [line for row in paper["rows"] for cell in row for line in cell]
    assert [word for word in words if word not in content] == []


def test_the_same_paper_is_the_same_bytes() -> None:
    paper = papers()["commercial_invoice"]
    assert pdf(paper) == pdf(json.loads(json.dumps(paper)))


def test_a_stored_paper_is_answered_as_base64() -> None:
    answer = printed("packing_list", papers()["packing_list"])
    assert (answer["name"], answer["media_type"]) == ("packing_list", "application/pdf")
    assert base64.b64decode(answer["content"]).startswith(b"%PDF-")


def test_pages_are_a4_and_the_file_tells_what_it_is() -> None:
    reader = PdfReader(BytesIO(pdf(papers()["packing_list"])))
    assert [round(float(side) * 25.4 / 72) for side in reader.pages[0].mediabox[2:]] == [210, 297]
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.subject) == ("Packing list PL-BBBBB-22222", "TO-7Q4M9-0ZK2W")


def test_two_hundred_lines_go_over_pages_with_a_head_and_a_number_on_each() -> None:
    content = pages(pdf(papers(long_order(200))["commercial_invoice"]))
    assert len(content) > 5
    assert all("Description of goods HS code Origin Quantity Unit Unit price Amount" in page for page in content)
    assert [re.findall(r"Page (\d+) of (\d+)", page) for page in content] == [[(str(n), str(len(content)))] for n in range(1, len(content) + 1)]
    assert re.findall(r"SKU HT-(\d{4})", " ".join(content)) == [f"{n:04d}" for n in range(1, 201)]
    assert [page for page in content if "Invoice total (USD) 20,150.00" in page] == content[-1:]


def test_a_first_issue_has_no_revision_and_a_second_one_says_so() -> None:
    assert "Revision" not in pages(pdf(papers()["packing_list"]))[0]
    assert "Revision 2" in pages(pdf(papers(revision=2)["packing_list"]))[0]


@pytest.mark.parametrize(
    "name", ["Łódź Żeglarska Ð Ş ő ươ", "Ελληνική Εξαγωγική", "Владивосток Ёж", "宁波海天进出口有限公司", "株式会社エアツール東京", "한국 수출 주식회사"]
)
def test_names_in_many_scripts_are_printed(name: str) -> None:
    assert name in text(order(supplier={"id": order()["supplier"]["id"], "name": name}))


def test_scripts_may_be_mixed_and_each_character_finds_its_font() -> None:
    assert "气动手钻 エアドリル 드릴 Łódź" in text(order(supplier={"id": order()["supplier"]["id"], "name": "气动手钻 エアドリル 드릴 Łódź"}))


def test_characters_without_a_font_are_seen_to_be_missing() -> None:
    content = text(order(supplier={"id": order()["supplier"]["id"], "name": "Cargo 🚢 שלום Ltd."}))
    assert "Cargo � ���� Ltd." in content


@pytest.mark.parametrize(
    "name",
    [
        "<b>Bold</b> & <i>Co",
        "</para><para>",
        '<img src="file:///etc/passwd"/>',
        "&lt;&amp;#65;",
        "<font color='white'>gone",
        "%PDF (\\) \\n",
        "<seq/><a href='x'>",
    ],
)
def test_markup_in_a_name_is_only_words(name: str) -> None:
    assert name in text(order(supplier={"id": order()["supplier"]["id"], "name": name}))


@pytest.mark.parametrize("letter", ["W", "中", "W "])
def test_the_longest_words_every_field_takes_can_be_printed(letter: str) -> None:
    def longest(length: int) -> str:
        return (letter * length)[:length].strip()

    ship_to = {"name": longest(120), "company": longest(120), "street": longest(200), "city": longest(100), "region": longest(100), "postal_code": longest(20)}
    ship_to |= {"country": "GB", "phone": longest(40)}
    properties = {f"{n}{longest(36)}": longest(200) for n in range(50)}
    line = order()["lines"][0] | {"title": longest(200), "sku": longest(60), "properties": properties}
    big = order(lines=[line] * 3, terms=terms(ship_to=ship_to, named_place=longest(120)), buyer=order()["buyer"] | {"name": longest(120)})
    form = export_form(
        big, declarant=longest(120), documents=[longest(300)] * 20, licence_number=longest(60), gross_mass_kg="1000000", named_place=longest(120)
    )
    for each in form["lines"]:
        each["description"] = longest(300)
    for paper in papers(big, form).values():
        assert longest(60)[:5] in pages(pdf(paper))[-1]


def test_the_largest_numbers_stay_on_one_line() -> None:
    huge = {"amount": "9999999999999.99", "currency": "USD"}
    line = order()["lines"][0] | {"quantity": 10**9, "unit_price": huge, "line_total": huge}
    content = text(order(lines=[line], total=huge))
    assert content.count("9,999,999,999,999.99") == 3
    assert "1,000,000,000" in content


def test_papers_printed_at_once_in_many_threads_are_the_same_as_one_by_one() -> None:
    # Letters that the font composes: each is read in several turns, between which another thread may come in.
    composed = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖŃňŐőŘřŚśŠšŤťŮůŰűŹźŻż"
    paper = papers(order(buyer=order()["buyer"] | {"name": composed}))["packing_list"]
    alone = pdf(paper)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(pdf, [paper] * 160)) == [alone] * 160
    finally:
        sys.setswitchinterval(patience)
