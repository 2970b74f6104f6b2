"""Papers as PDF: A4 pages, the same bytes for the same paper. What stands on them is decided in `papers.py`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

from services.logistics.application.fonts import BOLD, REGULAR, characters, stretches
from services.logistics.application.paper import Column, Labelled, Panel, Paper

WIDTH, HEIGHT = A4
MARGIN = 16 * mm
INNER = WIDTH - 2 * MARGIN
INK, QUIET, ACCENT, RULE, SHADE = map(HexColor, ("#1c2430", "#5f6b7a", "#1f4e79", "#c9d1da", "#eef2f6"))


def _style(size: float, *, bold: bool = False, colour: Color = INK) -> ParagraphStyle:
    font = BOLD.fontName if bold else REGULAR.fontName
    return ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.32, textColor=colour)


def _right(style: ParagraphStyle) -> ParagraphStyle:
    return ParagraphStyle("", parent=style, alignment=TA_RIGHT)


TITLE = _style(20, bold=True, colour=ACCENT)
LABEL, VALUE, STRONG = _style(6.5, colour=QUIET), _style(8.5), _style(8.5, bold=True)
HEAD, CELL, DETAIL = _style(7, bold=True, colour=ACCENT), _style(8), _style(6.5, colour=QUIET)


def pdf(paper: Paper) -> bytes:
    """The paper printed. CPU-bound: some 10 ms a page."""
    out = BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        invariant=1,
        title=f"{paper['title']} {paper['number']}",
        author=paper["panels"][0]["lines"][0],
        subject=paper["reference"],
        creator="Tradelane",
    )
    frame = Frame(MARGIN, 18 * mm, INNER, HEIGHT - 18 * mm - MARGIN, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda canvas, _: _footer(canvas, paper)))
    document.build([*_story(paper), _PageCount()])
    return out.getvalue()


def printed(name: str, paper: Paper) -> dict[str, str]:
    """The contract's `Document`."""
    return {"name": name, "media_type": "application/pdf", "content": b64encode(pdf(paper)).decode()}


def _footer(canvas: Canvas, paper: Paper) -> None:
    canvas.saveState()
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, 14 * mm, WIDTH - MARGIN, 14 * mm)
    canvas.setFillColor(QUIET)
    canvas.setFont(REGULAR.fontName, 7)
    canvas.drawString(MARGIN, 10 * mm, f"{paper['title']} {paper['number']} · Order {paper['reference']}")
    canvas.drawRightString(WIDTH - MARGIN - 5 * mm, 10 * mm, f"Page {canvas.getPageNumber()} of")
    canvas.translate(WIDTH - MARGIN - 4 * mm, 10 * mm)
    canvas.doForm(_PageCount.NAME)
    canvas.restoreState()


class _PageCount(Flowable):
    """The last thing set: only then is known what each page's footer refers to."""

    NAME = "pages"

    def draw(self) -> None:
        self.canv.beginForm(self.NAME)
        self.canv.setFillColor(QUIET)
        self.canv.setFont(REGULAR.fontName, 7)
        self.canv.drawString(0, 0, str(self.canv.getPageNumber()))
        self.canv.endForm()


def _story(paper: Paper) -> list[Flowable]:
    gap = Spacer(0, 4 * mm)
    return [
        _head(paper),
        gap,
        _panels(paper["panels"]),
        gap,
        _facts(paper["facts"]),
        gap,
        _lines(paper["columns"], paper["rows"]),
        gap,
        KeepTogether([_totals(paper["totals"]), gap, *_closing(paper)]),
    ]


def _head(paper: Paper) -> Table:
    revision = [("Revision", str(paper["revision"]))] if paper["revision"] > 1 else []
    details = [("Number", paper["number"]), ("Date", paper["issued_on"]), ("Order", paper["reference"]), *revision]
    title: list[Flowable] = [_text(paper["title"], TITLE)]
    if paper["barcode"]:
        title += [Spacer(0, 4 * mm), Code128(paper["number"], barHeight=9 * mm, barWidth=0.36 * mm, quiet=False)]
    box = Table(
        [[_text(label, _right(LABEL)), _text(value, _right(STRONG))] for label, value in details],
        colWidths=[16 * mm, 48 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *_padding(0.6, 2)],
    )
    return Table(
        [[title, box]],
        colWidths=[INNER - 64 * mm, 64 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 1.2, ACCENT), *_padding(4, 0)],
    )


def _panels(panels: Iterable[Panel]) -> Table:
    cells = [[_text(panel["title"], LABEL), *(_text(line, STRONG if n == 0 else VALUE) for n, line in enumerate(panel["lines"]))] for panel in panels]
    return Table(
        [cells],
        colWidths=[INNER / len(cells)] * len(cells),
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOX", (0, 0), (-1, -1), 0.5, RULE), ("INNERGRID", (0, 0), (-1, -1), 0.5, RULE), *_padding(5, 6)],
    )


def _facts(facts: Labelled) -> Table:
    cells: list[Any] = [[_text(label, LABEL), _text(value, VALUE)] for label, value in facts]
    cells += [""] * (-len(cells) % 4)
    rows = [cells[at : at + 4] for at in range(0, len(cells), 4)]
    return Table(rows, colWidths=[INNER / 4] * 4, style=[("BACKGROUND", (0, 0), (-1, -1), SHADE), ("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(4, 6)])


def _lines(columns: list[Column], rows: list[list[list[str]]]) -> Table:
    def cell(column: Column, lines: list[str]) -> list[Flowable]:
        if column["right"]:
            return [_number(lines[0], column["width"] * mm - 6)]
        return [_text(line, DETAIL if n else CELL) for n, line in enumerate(lines) if line]

    head = [_text(column["title"], _right(HEAD) if column["right"] else HEAD) for column in columns]
    body = [[cell(column, lines) for column, lines in zip(columns, row, strict=True)] for row in rows]
    return Table(
        [head, *body],
        colWidths=[column["width"] * mm for column in columns],
        repeatRows=1,
        style=[
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("LINEABOVE", (0, 0), (-1, 0), 0.8, ACCENT),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            *_padding(3, 3),
        ],
    )


def _number(text: str, width: float) -> Paragraph:
    """On one line, smaller where it must be: a number that is broken is misread."""
    style = _right(CELL)
    natural = stringWidth(text, style.fontName, style.fontSize)
    return _text(text, style if natural <= width else ParagraphStyle("", parent=style, fontSize=style.fontSize * width / natural * 0.99))


def _totals(totals: Labelled) -> Table:
    last = len(totals) - 1
    rows = [
        [_text(label, _right(STRONG if n == last else VALUE)), _text(value, _right(STRONG if n == last else VALUE))] for n, (label, value) in enumerate(totals)
    ]
    return Table(
        rows,
        colWidths=[60 * mm, 40 * mm],
        hAlign="RIGHT",
        style=[("LINEABOVE", (0, last), (-1, last), 0.8, ACCENT), ("LINEBELOW", (0, last), (-1, last), 0.8, ACCENT), *_padding(2.5, 3)],
    )


def _closing(paper: Paper) -> list[Flowable]:
    rows = [[_text("Signed for the exporter", LABEL), "", _text("Place and date", LABEL)], [_text(paper["signed_by"], VALUE), "", ""]]
    rules = [("LINEABOVE", (column, 0), (column, 0), 0.5, QUIET) for column in (0, 2)]
    line = Table(rows, colWidths=[70 * mm, 8 * mm, 50 * mm], hAlign="LEFT", spaceBefore=14 * mm, style=[*rules, *_padding(2, 0)])
    return [*(_text(statement, VALUE) for statement in paper["statements"]), line]


def _padding(vertical: float, horizontal: float) -> list[tuple[Any, ...]]:
    sides = {"TOP": vertical, "BOTTOM": vertical, "LEFT": horizontal, "RIGHT": horizontal}
    return [(f"{side}PADDING", (0, 0), (-1, -1), size) for side, size in sides.items()]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    """The words as they are, markup included, each stretch of them in a font that has its characters."""
    set_in = stretches(characters(text, style.fontName))
    return Paragraph("".join(f'<font name="{font}">{escape(words)}</font>' for font, words in set_in), style)
