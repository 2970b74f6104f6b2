"""How a supplier shows who they are: a number that their country gives and a paper, which an operator looks at. Until then nobody may sell."""

from __future__ import annotations

from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from shared.contracts.identity_numbers import BY_PLACE, Number, mask
from tradelane.client import Client
from tradelane.demo.trade import Json

PAPER = "Business licence"


def number_of(country: str) -> Number:
    """One that companies of the country have, or else the one that companies anywhere may have; its example is right by its check digits."""
    return next((BY_PLACE[kind, country] for kind in ("registration", "vat", "tax") if (kind, country) in BY_PLACE), BY_PLACE["lei", ""])


def submit(client: Client, person: Json) -> Json:
    """What the account of a trade file's supplier submits; the answer."""
    number, name = number_of(person["country"]), person.get("company") or person["name"]
    paper = client.upload(PAPER, _paper(f"{PAPER}: {name}"), "application/pdf")
    claimed = {"type": number.type, "value": number.example} | ({"country": number.country} if number.country else {})
    submitted: Json = client.post(
        "/v1/me/verification",
        {
            "kind": "company",
            "legal_name": name,
            "registered_on": "2004-03-01",
            "address": {"street": "As in the licence", "city": "As in the licence", "country": person["country"]},
            "numbers": [claimed],
            "documents": [paper["id"]],
        },
    )
    return submitted


def told(verification: Json) -> str:
    """What was submitted, for others to see."""
    numbers = [f"{each['label']} {mask(each['value'])}" for each in verification["numbers"]]
    return ", ".join([verification["legal_name"], *numbers, *(each["name"] for each in verification["documents"])])


def approve(operator: Client, verification: Json) -> Json:
    """The operator's decision."""
    decided: Json = operator.post(f"/v1/verifications/{verification['id']}/actions/approve", {"note": "The licence names the company and its number."})
    return decided


def verify(client: Client, operator: Client, person: Json) -> None:
    """All of it; the client's session is that of a verified account afterwards."""
    approve(operator, submit(client, person))
    client.refresh()


def _paper(words: str) -> bytes:
    file = BytesIO()
    canvas = Canvas(file, invariant=True)
    canvas.drawString(72, 720, words.encode("latin-1", "replace").decode("latin-1"))
    canvas.save()
    return file.getvalue()
