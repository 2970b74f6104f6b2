"""Labels as PDF: A6 pages in black, the same bytes for the same labels. Whatever the words are, none leaves its box or comes near the bars. A declaration
with more lines than the label has room for goes on overleaf."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from services.logistics.application.fonts import BOLD, REGULAR
from services.logistics.application.label import Declaration, Label
from services.logistics.application.paper import Labelled
from services.logistics.application.typesetting import LEADING, Box, set_right, set_text, wrapped

WIDTH, HEIGHT = A6
MARGIN = 4 * mm
INNER = WIDTH - 2 * MARGIN


# The label from top to bottom: heights in mm. What is left is the declaration's.
_HEAD, _SENDER, _RECIPIENT, _BARCODE = 11 * mm, 19 * mm, 32 * mm, 25 * mm
_BARS, _WIDEST_BAR, _QUIET = 14 * mm, 0.5 * mm, 10
"""Code 128: UPU S10 asks for bars of 12.5 mm; on either side ten bars' width stays blank."""

_COLUMNS = (("Quantity", 14), ("Description of contents", 37), ("HS code", 15), ("Origin", 8), ("Net kg", 11), ("Value", 12))
"""Titles and widths in mm."""
_SMALL = 5.5
_ROW = _SMALL * LEADING


def pdf(labels: Iterable[Label]) -> bytes:
    """The labels one after the other. CPU-bound: a few ms a label."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A6, invariant=1, pageCompression=1)
    canvas.setTitle("Labels")
    canvas.setCreator("Tradelane")
    for label in labels:
        _label(canvas, label)
    canvas.save()
    return out.getvalue()


def printed(labels: Sequence[Label]) -> dict[str, str]:
    """One order's labels as the contract's `Document`."""
    return document(f"label-{labels[0]['reference']}", pdf(labels))


def document(name: str, content: bytes) -> dict[str, str]:
    """The contract's `Document`."""
    return {"name": name, "media_type": "application/pdf", "content": b64encode(content).decode()}


def _label(canvas: Canvas, label: Label) -> None:
    top = HEIGHT - MARGIN
    _head(canvas, label, Box(MARGIN, top, INNER, _HEAD))
    top = _rule(canvas, top - _HEAD)
    _sender(canvas, label, Box(MARGIN, top, INNER, _SENDER))
    top = _rule(canvas, top - _SENDER)
    set_text(canvas, ["To"], Box(MARGIN, top, INNER, 3 * mm), 5.5)
    set_text(canvas, label["recipient"], Box(MARGIN, top - 3 * mm, INNER, _RECIPIENT - 4 * mm), 11, 4, first_bold=True)
    top = _rule(canvas, top - _RECIPIENT)
    _barcode(canvas, label["waybill"], Box(MARGIN, top, INNER, _BARCODE))
    top = _rule(canvas, top - _BARCODE)
    rest = Box(MARGIN, top, INNER, top - MARGIN)
    number, count = label["package"]
    if label["declaration"]:
        _declaration(canvas, label, label["declaration"], rest)
    elif number > 1:
        set_text(canvas, [f"What is in the {count} packages is told on the label of package 1."], rest, 6.5)
    canvas.showPage()


def _head(canvas: Canvas, label: Label, box: Box) -> None:
    number, count = label["package"]
    set_text(canvas, [label["carrier"]], box._replace(width=60 * mm, height=7 * mm), 15, bold=True)
    set_text(canvas, [label["service"]], box._replace(top=box.top - 6.5 * mm, width=60 * mm, height=4 * mm), 7, 5)
    set_right(canvas, label["destination"], box.right, box.top - 7.5 * mm, 24, 20 * mm)
    set_right(canvas, f"{number} / {count}", box.right - 22 * mm, box.top - 7.5 * mm, 13, 20 * mm)


def _sender(canvas: Canvas, label: Label, box: Box) -> None:
    half = 56 * mm
    set_text(canvas, ["From"], box._replace(height=3 * mm), 5.5)
    set_text(canvas, label["sender"], Box(box.left, box.top - 3 * mm, half - 2 * mm, box.height - 3.5 * mm), 6.5, 3)
    _facts(canvas, label["facts"], Box(box.left + half, box.top, box.width - half, box.height - 0.5 * mm))


def _facts(canvas: Canvas, facts: Labelled, box: Box) -> None:
    height = box.height / len(facts)
    for place, (title, value) in enumerate(facts):
        row = box._replace(top=box.top - place * height, height=height)
        set_text(canvas, [title], row._replace(width=15 * mm), 5, 3)
        set_text(canvas, [value], row._replace(left=row.left + 15 * mm, width=row.width - 15 * mm), 6, 3, bold=True)


def _barcode(canvas: Canvas, number: str, box: Box) -> None:
    """As wide as the box allows, and what it says below."""
    modules = Code128(number, barWidth=1, quiet=False).width
    bar = min(_WIDEST_BAR, box.width / (modules + 2 * _QUIET))
    code = Code128(number, barWidth=bar, barHeight=_BARS, quiet=False)
    code.drawOn(canvas, box.left + (box.width - modules * bar) / 2, box.top - 2 * mm - _BARS)
    size = min(12, 12 * box.width / stringWidth(number, BOLD.fontName, 12))
    canvas.setFont(BOLD.fontName, size)
    canvas.drawCentredString(box.left + box.width / 2, box.bottom + 3 * mm, number)


def _declaration(canvas: Canvas, label: Label, declaration: Declaration, box: Box) -> None:
    """Row by row; what ends it stands together with the last one, on a further page where need be."""
    form = declaration["form"]
    title = "CUSTOMS DECLARATION · DÉCLARATION EN DOUANE" if form else "CONTENTS AND VALUE FOR CUSTOMS"
    bottom, closing = box.bottom, 17 * mm
    set_text(canvas, [title], box._replace(top=box.top - 0.5 * mm, width=75 * mm, height=4 * mm), 7, bold=True)
    set_right(canvas, form, box.right, box.top - 4 * mm, 11, 20 * mm)
    if form:
        set_text(canvas, ["May be opened officially · Peut être ouvert d’office"], box._replace(top=box.top - 3.8 * mm, height=3 * mm), 5)
    facts = " · ".join(f"{name}: {value}" if value else f"{name}: ____________" for name, value in declaration["facts"])
    set_text(canvas, [facts], box._replace(top=box.top - 6.8 * mm, height=4.6 * mm), _SMALL, 3)
    top = _row_of_heads(canvas, declaration, box.top - 11.6 * mm)
    last = len(declaration["rows"]) - 1
    for place, row in enumerate(declaration["rows"]):
        wording = wrapped(row[1], REGULAR.fontName, _SMALL, _COLUMNS[1][1] * mm - 3)[:2]
        height = len(wording) * _ROW + 1.2
        if top - height - (closing if place == last else _ROW) < bottom:
            set_text(canvas, ["Continued overleaf."], Box(MARGIN, top - 1, INNER, _ROW), _SMALL, bold=True)
            canvas.showPage()
            head = f"{title} {form} · {label['waybill']} · {label['reference']} · continued"
            set_text(canvas, [head], Box(MARGIN, HEIGHT - MARGIN, INNER, 4 * mm), 6, 3, bold=True)
            top = _row_of_heads(canvas, declaration, HEIGHT - MARGIN - 5 * mm)
        _row(canvas, row, top, height)
        top -= height
    _closing(canvas, declaration, Box(MARGIN, top, INNER, closing))


def _row_of_heads(canvas: Canvas, declaration: Declaration, top: float) -> float:
    titles = [f"{title} {declaration['currency']}" if title == "Value" else title for title, _ in _COLUMNS]
    _row(canvas, titles, top, _ROW, bold=True)
    return _rule(canvas, top - _ROW - 1) - 1


def _row(canvas: Canvas, cells: Sequence[str], top: float, height: float, *, bold: bool = False) -> None:
    """The description on up to two lines, anything else on one."""
    left = MARGIN
    for place, (cell, (_, width)) in enumerate(zip(cells, _COLUMNS, strict=True)):
        box = Box(left, top, width * mm - 3, height)
        if place == 1:
            set_text(canvas, [cell], box, _SMALL, bold=bold)
        elif place > 3:
            set_right(canvas, cell, left + width * mm - (0 if place == 5 else 3), top - _SMALL, _SMALL, box.width, bold=bold)
        else:
            set_text(canvas, [cell], box._replace(height=_ROW), _SMALL, 1, bold=bold)
        left += width * mm


def _closing(canvas: Canvas, declaration: Declaration, box: Box) -> None:
    top = _rule(canvas, box.top - 1) - 1
    for place, (title, value) in enumerate(declaration["totals"]):
        column = Box(box.left + place * box.width / 3, top, box.width / 3 - 3, _ROW)
        set_text(canvas, [f"{title}: {value}"], column, 6, 2, bold=True)
    set_text(canvas, [declaration["statement"]], box._replace(top=top - 3 * mm, height=7 * mm), 4.5, 3)
    set_text(canvas, [f"Date and sender’s signature: {declaration['signed']}"], box._replace(top=top - 10.2 * mm, height=3 * mm), _SMALL, 3)


def _rule(canvas: Canvas, y: float) -> float:
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, y, MARGIN + INNER, y)
    return y
