"""Small files of the formats that the library reads, made of text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

DATE, MOMENT, ELAPSED, CLOCK = 1, 2, 3, 4
"""Cell styles of the workbooks that :func:`xlsx` makes."""

_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm:ss"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="164"/>'
    '<xf numFmtId="21"/></cellXfs></styleSheet>'
)


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def number_cell(place: str, number: float, style: int = 0) -> str:
    return f'<c r="{place}" s="{style}"><v>{number}</v></c>'


def error_cell(place: str, shown: str) -> str:
    return f'<c r="{place}" t="e"><v>{shown}</v></c>'


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def xlsx_parts(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    names: str = "",
    tables: Mapping[str, tuple[str, Sequence[str]]] | None = None,
) -> dict[str, str]:
    """The parts of a workbook: sheets (rows as XML), ``names`` as XML, tables of the first sheet (area and headers)."""
    numbered = list(enumerate(sheets.items(), 1))
    found = list(enumerate((tables or {}).items(), 1))
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{kinds}.worksheet+xml"/>' for at, _ in numbered
    ) + "".join(f'<Override PartName="/xl/tables/table{at}.xml" ContentType="{kinds}.table+xml"/>' for at, _ in found)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}" state="{"hidden" if name in hidden else "visible"}"/>'
        for at, (name, _) in numbered
    )
    sheet, table = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>', f'{_XML}<table xmlns="{_MAIN}" totalsRowShown="0"'
    parts = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="application/'
        'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": _relations([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>{names}'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": _relations([
            *((f"rId{at}", "worksheet", f"worksheets/sheet{at}.xml") for at, _ in numbered),
            ("rId99", "styles", "styles.xml"),
        ]),
        "xl/styles.xml": _STYLES,
    }  # fmt: skip
    for at, (_, rows) in numbered:
        parts[f"xl/worksheets/sheet{at}.xml"] = f"{sheet}{rows}</sheetData></worksheet>"
    for at, (name, (area, headers)) in found:
        columns = "".join(f'<tableColumn id="{i}" name="{header}"/>' for i, header in enumerate(headers, 1))
        parts[f"xl/tables/table{at}.xml"] = (
            f'{table} id="{at}" name="{name}" displayName="{name}" ref="{area}">'
            f'<tableColumns count="{len(headers)}">{columns}</tableColumns></table>'
        )
    if found:
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = _relations(
            [(f"rId{at}", "table", f"../tables/table{at}.xml") for at, _ in found]
        )
    return parts


def _relations(entries: Sequence[tuple[str, str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for name, kind, target in entries
    )
    return f'{_XML}<Relationships xmlns="{_RELATIONS}">{inside}</Relationships>'


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


# -- PDF -----------------------------------------------------------------------------------------------------------


def pdf(*pages: str) -> bytes:
    """A file of these pages, each a content stream; see :func:`grid` and :func:`words`."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, content in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 400] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {5 + 2 * at} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, written in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{written}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}" + trailer).encode("latin-1")


def words(*placed: tuple[int, int, str]) -> str:
    """Texts at places (from the lower left)."""
    return "".join(f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in placed)


def grid(rows: Sequence[Sequence[str]], *, top: int, left: int = 50, wide: int = 80, high: int = 20) -> str:
    """A table with drawn borders."""
    right, bottom = left + wide * len(rows[0]), top - high * len(rows)
    across = [f"{left} {top - high * at} m {right} {top - high * at} l S\n" for at in range(len(rows) + 1)]
    down = [f"{left + wide * at} {bottom} m {left + wide * at} {top} l S\n" for at in range(len(rows[0]) + 1)]
    texts = [
        (left + wide * column + 5, top - high * line - 14, text)
        for line, cells in enumerate(rows)
        for column, text in enumerate(cells)
    ]
    return "".join((*across, *down)) + words(*texts)
