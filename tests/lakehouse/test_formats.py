"""Shows what each format's judge refuses and why, and what the parsers of Excel, XML and objects make of real files."""

import gzip
import io
import json
import wave
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lakehouse.errors import SourceError
from lakehouse.sources.blobs import HEAD, Peek, peek
from lakehouse.sources.files import Readable, Refused, judge
from lakehouse.sources.formats.arrow import Record
from lakehouse.sources.formats.excel import letters, plain, sheet_records
from lakehouse.sources.formats.object import object_record
from lakehouse.sources.formats.xml import element_records
from lakehouse.sources.mime import sniff
from lakehouse.sources.options import OPTIONS, options_of
from lakehouse.sources.spec import Source


def source(format_: str, required: Sequence[str] = (), **options: Any) -> Source:  # noqa: ANN401  # options are of many types
    given = {"name": "shop__item", "description": "d", "format": format_, "options": options, "required": required}
    return Source.model_validate(given)


def seen(content: bytes, name: str = "f.csv") -> Peek:
    return Peek(name, content[:HEAD], content[-HEAD:], len(content))


def verdict(of: Source, content: bytes, name: str = "f.csv") -> str | tuple[str, ...]:
    found = judge(of, seen(content, name))
    return found.reason if isinstance(found, Refused) else found.header


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "utf-16", "utf-16-le", "latin-1"])
def test_a_header_is_read_in_its_encoding(encoding: str) -> None:
    name = "prénom" if encoding == "latin-1" else "商品"
    content = f"id;{name}\n1;a\n".encode(encoding)
    assert verdict(source("csv", ["id", name], encoding=encoding, sep=";"), content) == ("id", name)


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (b"id,x\n", {}, ("id", "x")),
        (b'id,"x\ny"\n1,2\n', {"multiLine": True}, ("id", "x\ny")),
        (b"#made by\nid|x\n", {"sep": "|", "comment": "#", "multiLine": True}, ("id", "x")),
        (b"id||x\n", {"sep": "||"}, ("id", "x")),
        (b"'i,d',x\n", {"quote": "'"}, ("i,d", "x")),
        (b"1,a\n2,b\n", {"columns": ["id", "name"]}, ("id", "name")),
        (b"1,a,?\n", {"columns": ["id", "name"]}, "wrong_header"),
        (b"id,\n1,2\n", {}, "wrong_header"),
        (b"id,id\n", {}, "wrong_header"),
        (b"", {}, "empty_file"),
        (b"PK\x03\x04\0\0", {}, "binary_file"),
        (b"\xff\xfe\xfd,x\n", {}, "binary_file"),
    ],
)
def test_a_delimited_file_is_judged_by_its_first_record(
    content: bytes, options: dict[str, Any], expected: object
) -> None:
    assert verdict(source("csv", **options), content) == expected


def test_tabs_part_the_columns_of_tsv() -> None:
    assert verdict(source("tsv"), b"id\tx,y\n") == ("id", "x,y")


def test_a_missing_column_is_named_with_what_was_found() -> None:
    found = judge(source("csv", ["id", "price"]), seen(b"id,cost\n1,2\n"))
    assert isinstance(found, Refused)
    assert (found.reason, found.detail) == ("wrong_header", "missing price; found id, cost")


def test_a_file_under_gzip_is_judged_by_what_it_holds(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,x\n" + b"1,abcdefgh\n" * 99_999)
    two = gzip.compress(b"id,x\n") + gzip.compress(b"1,2\n")
    assert verdict(source("csv"), whole, "f.csv.gz") == ("id", "x")
    assert verdict(source("csv"), two, "f.csv.gz") == ("id", "x")
    assert verdict(source("csv"), whole[:-9], "f.csv.gz") == "truncated_gzip"
    assert verdict(source("csv"), whole[:500] + b"?" + whole[501:], "f.csv.gz") == "damaged_gzip"
    assert verdict(source("csv"), b"id,x\n", "f.csv.gz") == "not_gzip"
    assert verdict(source("jsonl"), gzip.compress(b""), "f.jsonl.gz") == "empty_file"
    path = tmp_path / "large.csv.gz"
    path.write_bytes(gzip.compress(b"id,x\n" + bytes(range(48, 58)) * 300_000, compresslevel=0)[:-1])
    found = judge(source("csv"), peek(str(path)))
    assert isinstance(found, Refused)
    assert found.reason == "truncated_gzip"


def test_parquet_tells_its_fields_by_its_footer_alone() -> None:
    stream = io.BytesIO()
    table = pa.table({"id": [1], "at": [datetime.fromisoformat("2025-01-01T00:00")], "lines": [[{"sku": "a", "n": 1}]]})
    pq.write_table(table, stream)
    found = judge(source("parquet", ["id"]), seen(stream.getvalue()))
    assert isinstance(found, Readable)
    fields = (("id", "int64"), ("at", "timestamp[us]"), ("lines[].n", "int64"), ("lines[].sku", "string"))
    assert sorted(found.fields or ()) == sorted(fields)
    assert verdict(source("parquet", ["name"]), stream.getvalue()) == "wrong_header"
    assert verdict(source("parquet"), stream.getvalue()[:-1]) == "not_parquet"
    assert verdict(source("parquet"), b"PAR1" + bytes(40) + b"PAR1") == "not_parquet"


def test_a_footer_longer_than_the_look_is_fetched(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"a_column_with_a_long_name_{n}": [1] for n in range(3_000)}), path)
    found = judge(source("parquet"), peek(str(path)))
    assert isinstance(found, Readable)
    assert len(found.header) == 3_000


@pytest.mark.parametrize(
    ("format_", "content", "expected"),
    [
        ("avro", b"Obj\x02", "not_avro"),
        ("avro", b"Obj\x01\x02\x16avro.schema", "not_avro"),
        ("excel", b"id,x\n", "not_excel"),
        ("excel", b"PK\x03\x04" + bytes(99), "truncated_file"),
        ("excel", b"\xd0\xcf\x11\xe0" + bytes(99), ()),
        ("jsonl", b"\x1f\x8b\x08\0", "binary_file"),
        ("jsonl", b'{"a": 1}\n', ()),
    ],
)
def test_a_wrong_format_is_refused(format_: str, content: bytes, expected: object) -> None:
    assert verdict(source(format_), content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<a/>", ()),
        ('<?xml version="1.0" encoding="GB18030"?><a>中</a>'.encode("gb18030"), ()),
        ('<?xml version="1.0" encoding="UTF-16"?><a>中</a>'.encode("utf-16"), ()),
        (b"id,x\n", "not_xml"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not_xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not_xml"),
    ],
)
def test_xml_is_judged_by_its_beginning(content: bytes, expected: object) -> None:
    assert verdict(source("xml", rowTag="a"), content) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ga4/events_20250103.jsonl", ()),
        ("ga4/20250104T060000/events_20250103_001.json.gz", "not_gzip"),
        ("ga4/events_20250103.csv", "wrong_name"),
        ("ga4/event_20250103.jsonl", "wrong_name"),
        ("ga4/events_intraday_20250103.parquet", "not_ga4"),
    ],
)
def test_a_day_of_ga4_is_known_by_its_name(name: str, expected: object) -> None:
    assert verdict(source("ga4"), b'{"event_date": "20250103"}\n', name) == expected


def test_every_format_names_its_options_in_its_errors() -> None:
    for name, kind in OPTIONS.items():
        with pytest.raises(SourceError) as told:
            options_of(name, {"rowTag": "r", "wrong": 1}, "s.yml")
        assert told.value.where["file"] == "s.yml"
        assert ("wrong" in str(told.value)) or kind.model_fields.keys().isdisjoint({"row_tag"})
    with pytest.raises(SourceError, match="csv has no such option; it has: encoding, sep, quote"):
        options_of("csv", {"delimiter": ";"}, "s.yml")


def workbook(rows: Sequence[Sequence[object]], title: str = "Sales") -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("Notes", 0)
    del book["Sheet"]
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


ROWS: list[list[Any]] = [
    ["Sales of the north"],
    ["id", "sold", "price", "at", "ok"],
    [13800138000, date(2025, 1, 3), 9.5, time(8, 30), True],
    [None] * 5,
    ["007", datetime.fromisoformat("2025-01-03T09:15"), 10.0, None, False],
]


def records(options: dict[str, object], content: bytes, required: Sequence[str] = ()) -> list[Record]:
    return list(sheet_records(source("excel", required, **options), "f.xlsx", content))


def test_a_sheet_gives_its_rows_as_it_shows_them() -> None:
    first, second = records({"sheet": "Sales", "header": 2}, workbook(ROWS), ["id"])
    assert (first.row, second.row) == (3, 5)
    assert first.value == {"id": 13800138000, "sold": "2025-01-03", "price": 9.5, "at": "08:30:00", "ok": True}
    assert second.value == {"id": "007", "sold": "2025-01-03 09:15:00", "price": 10, "at": None, "ok": False}
    assert json.dumps(first.value)[:20] == '{"id": 13800138000, '


def test_a_sheet_is_found_by_number_and_columns_may_be_given() -> None:
    found = records({"sheet": 2, "header": 0, "columns": ["a", "b", "c", "d", "e"]}, workbook(ROWS))
    assert [r.value["a"] for r in found if r.value] == ["Sales of the north", "id", 13800138000, "007"]


@pytest.mark.parametrize(
    ("options", "required", "why"),
    [
        ({"sheet": "Costs"}, (), "there are Notes, Sales"),
        ({"sheet": 3}, (), "there are 2 sheets"),
        ({"sheet": 2, "header": 2}, ("price", "sku"), "missing sku; found id, sold, price, at, ok"),
        ({"sheet": 2, "header": 99}, (), "no names of columns"),
    ],
)
def test_a_sheet_that_is_not_there_refuses_the_file(options: dict[str, object], required: list[str], why: str) -> None:
    (only,) = records(options, workbook(ROWS), required)
    assert only.row is None
    assert why in only.why


def test_a_value_beyond_the_header_is_a_bad_record_and_a_nameless_column_has_its_letter() -> None:
    found = records({"sheet": 2}, workbook([["id", None, "x"], [1, 2, 3], [1, 2, 3, 4]]))
    assert found[0].value == {"id": 1, "B": 2, "x": 3}
    assert found[1].value is None
    assert "beyond the 3 columns" in found[1].why


def test_columns_have_letters_and_numbers_their_own_form() -> None:
    assert [letters(n) for n in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]
    assert [plain(v) for v in (2.0, 2.5, float("nan"), "", " ")] == [2, 2.5, None, None, " "]


ORDERS = """<?xml version="1.0" encoding="GB18030"?>
<o:orders xmlns:o="urn:o"><o:order id="007" o:state="paid"><name>王</name><line sku="a">2</line><line sku="b"/>
</o:order><o:order id="8"><name/></o:order></o:orders>"""


def elements(text: bytes, tag: str = "order") -> list[Record]:
    return list(element_records(source("xml", rowTag=tag), "f.xml", text))


def test_elements_become_records_with_attributes_and_lists() -> None:
    first, second = elements(ORDERS.encode("gb18030"))
    lines = [{"_sku": "a", "_VALUE": "2"}, {"_sku": "b"}]
    assert first.value == {"_id": "007", "_state": "paid", "name": "王", "line": lines}
    assert (second.row, second.value) == (2, {"_id": "8", "name": None})


def test_what_stands_before_a_break_still_lands() -> None:
    first, rest = elements(ORDERS.replace("<name/>", "<name>").encode("gb18030"))
    assert first.value
    assert (rest.row, rest.value) == (2, None)
    assert "not well-formed from here on" in rest.why
    (none,) = elements(ORDERS.encode("gb18030"), "receipt")
    assert none.row is None


def image(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30)).save(stream, kind)
    return stream.getvalue()


def sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(2 * 12_000))
    return stream.getvalue()


def document(text: str) -> bytes:
    stream, paper = io.BytesIO(), docx.Document()
    paper.add_paragraph(text)
    paper.save(stream)
    return stream.getvalue()


def pdf(text: str) -> bytes:
    """A document of one page, with its cross-reference table (ISO 32000-1, 7.5)."""
    stream = f"BT /F1 18 Tf 20 100 Td ({text}) Tj ET".encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj%b endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n%btrailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(out),
    )


@pytest.mark.parametrize(
    ("content", "mime", "facts"),
    [
        (image("PNG"), "image/png", {"width": 40, "height": 30}),
        (image("JPEG"), "image/jpeg", {"width": 40, "height": 30}),
        (image("WEBP"), "image/webp", {"width": 40, "height": 30}),
        (sound(), "audio/wav", {"seconds": 1.5}),
        (
            document("保修三年"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            {"text": "保修三年"},
        ),
        (pdf("Warranty"), "application/pdf", {"pages": 1, "text": "Warranty"}),
        ("你好".encode(), "text/plain", {"text": "你好", "characters": 2}),
        (b'{"a": 1}', "application/json", {}),
        (b"<!DOCTYPE html><p>", "text/html", {"text": "<!DOCTYPE html><p>"}),
        (bytes(range(256)), "application/octet-stream", {}),
    ],
)
def test_an_object_is_told_by_its_bytes(content: bytes, mime: str, facts: dict[str, object]) -> None:
    (record,) = object_record(source("object"), "file:/landing/a%20b.bin", content)
    assert record.value is not None
    assert record.value["mime"] == sniff(content) == mime
    assert (record.value["name"], record.value["size_bytes"], len(record.value["sha256"])) == (
        "a b.bin",
        len(content),
        64,
    )
    assert {name: record.value.get(name) for name in facts} == facts
    assert "problem" not in record.value


def test_a_broken_object_lands_with_its_problem_and_long_text_is_cut() -> None:
    (broken,) = object_record(source("object"), "x", image("PNG")[:20])
    assert broken.value is not None
    assert broken.value["problem"] == "OSError: Truncated File Read"
    (cut,) = object_record(source("object", text=3), "x", b"abcdef")
    assert cut.value is not None
    assert (cut.value["text"], cut.value["characters"]) == ("abc", 6)
