"""Shows that files of every format give the same rows: payload, bad records with their reason, file, row, sequence."""

import gzip
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.files import inspect, read_records
from lakehouse.sources.formats.family import Refused
from lakehouse.sources.mapping import sql
from lakehouse.sources.spec import Source

COLUMNS = ["payload", "_bad", "_why", "_file", "_row", "_sequence"]
Options = Mapping[str, Any]


def source(format_: str, options: Options | None = None, **more: object) -> Source:
    given = {"name": "shop__item", "description": "d", "format": format_, "options": options or {}}
    return Source.model_validate(given | more)


def read(spark: SparkSession, of: Source, folder: Path) -> tuple[DataFrame, list[Refused]]:
    files = [str(path) for path in sorted(folder.rglob("*.*")) if path.is_file()]
    readable, refused = inspect(of, files)
    rows = read_records(spark, of, readable)
    assert rows.columns == COLUMNS
    return rows, refused


def landed(spark: SparkSession, of: Source, folder: Path) -> list[tuple[str, int | None, Any]]:
    """File name, row and record (or why it is bad), in order."""
    rows, refused = read(spark, of, folder)
    assert refused == []
    found = rows.select(
        F.element_at(F.split("_file", "/"), -1), "_row", F.to_json("payload"), "_why", "_bad", "_sequence"
    ).collect()
    assert all((row[2] is None) == (row[4] is not None) for row in found)
    assert all(row[5] > 0 for row in found)
    listed = [(row[0], row[1], json.loads(row[2]) if row[2] else row[3]) for row in found]
    return sorted(listed, key=lambda row: (row[0], row[1] or 0))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_any_encoding(spark: SparkSession, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes('編號,名\r\n1,中文\r\n2,"a ""b"", c"\r\n'.encode(encoding))
    rows = landed(spark, source("csv", {"encoding": encoding}), tmp_path)
    assert rows == [("a.csv", 1, {"編號": "1", "名": "中文"}), ("a.csv", 2, {"編號": "2", "名": 'a "b", c'})]


def test_other_separators_lines_in_quotes_and_names_that_differ_in_case(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id|Text|text\n1|'two\nlines | one'|\n2|b|c|d\n".encode("latin-1"))
    options = {"sep": "|", "quote": "'", "multiLine": True, "encoding": "latin-1"}
    rows = landed(spark, source("csv", options), tmp_path)
    assert rows[0] == ("a.csv", 1, {"id": "1", "Text": "two\nlines | one", "text": None})
    assert rows[1] == ("a.csv", 2, "not the 3 fields of the header; the first is 2")


def test_files_without_a_header_and_files_under_gzip(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"1\tx\n2\ty\n")
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress(b"3\tz\n4\n"))
    rows = landed(spark, source("tsv", {"columns": ["id", "name"]}), tmp_path)
    assert [row[2] for row in rows[:3]] == [
        {"id": "1", "name": "x"},
        {"id": "2", "name": "y"},
        {"id": "3", "name": "z"},
    ]
    assert rows[3] == ("b.tsv.gz", 2, "not the 2 fields of the header; the first is 4")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_json_lines(spark: SparkSession, tmp_path: Path, encoding: str) -> None:
    lines = '{"id": 1, "名": "中"}\n{"id": 2}\n[3]\n{"id": \n'
    (tmp_path / "a.jsonl").write_bytes(lines.encode(encoding))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress('{"id": 5, "名": null}\n'.encode(encoding)))
    rows = landed(spark, source("jsonl", {"encoding": encoding}, required=["id", "名"]), tmp_path)
    assert rows[0] == ("a.jsonl", 1, {"id": 1, "名": "中"})
    assert rows[1] == ("a.jsonl", 2, "missing 名")
    assert [row[1] for row in rows] == [1, 2, 3, 4, 1]
    assert rows[4] == ("b.jsonl.gz", 1, {"id": 5, "名": None})


def test_bytes_of_another_encoding_make_a_bad_record_not_a_wrong_one(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,名\n1,中\n".encode("gb18030") + b"2,\xff\xff\n")
    rows = landed(spark, source("csv", {"encoding": "gb18030"}), tmp_path)
    assert rows == [("a.csv", 1, {"id": "1", "名": "中"}), ("a.csv", 2, "bytes that are no gb18030")]
    (tmp_path / "lines").mkdir()
    for encoding in ("utf-8", "gb18030"):
        path = tmp_path / "lines" / "a.jsonl"
        path.write_bytes('{"名": "中"}\n'.encode(encoding) + b'{"x": "\xff\xff"}\n')
        rows = landed(spark, source("jsonl", {"encoding": encoding}), tmp_path / "lines")
        assert rows == [("a.jsonl", 1, {"名": "中"}), ("a.jsonl", 2, f"bytes that are no {encoding}")]


DOCUMENTS = {
    "array.json": '[{"id": 1}, {"id": 2}, 3]',
    "lines.json": '{"id": 4}\n{"id": 5}\n{"id"\n[{"id": 6}]\n',
    "one.json": '{\n "id": 7,\n "tags": ["a"]}',
    "scalar.json": "8",
    "torn.json": '{"id": 9',
}


def test_json_documents_are_records_or_arrays_of_them(spark: SparkSession, tmp_path: Path) -> None:
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert landed(spark, source("json"), tmp_path) == [
        ("array.json", 1, {"id": 1}),
        ("array.json", 2, {"id": 2}),
        ("array.json", 3, "a record that is no JSON object"),
        ("lines.json", 1, {"id": 4}),
        ("lines.json", 2, {"id": 5}),
        ("lines.json", 3, "not a JSON document"),
        ("lines.json", 4, {"id": 6}),
        ("one.json", 1, {"id": 7, "tags": ["a"]}),
        ("scalar.json", 1, "neither an object nor an array of objects"),
        ("torn.json", 1, "not a JSON document"),
    ]


def test_records_lie_at_a_path_and_inherit_from_their_document(spark: SparkSession, tmp_path: Path) -> None:
    page = {"shop": "s1", "at": "d1", "data": {"items": [{"id": 1, "at": "d2"}, {"id": 2}]}}
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(page).encode())
    (tmp_path / "b.json").write_text('{"error": "none"}', encoding="utf-8")
    options = {"records": "$.data.items", "inherit": ["shop", "at"]}
    first, second, third = landed(spark, source("json", options), tmp_path)
    assert (first[2], second[2]) == ({"shop": "s1", "at": "d2", "id": 1}, {"shop": "s1", "at": "d1", "id": 2})
    assert third == ("b.json", 1, "no array at $.data.items")
    assert landed(spark, source("json", options | {"whole": True}), tmp_path)[2][2] == {"error": "none"}


@pytest.mark.parametrize("format_", ["parquet", "avro"])
def test_files_of_several_schemas_keep_each_its_types(spark: SparkSession, tmp_path: Path, format_: str) -> None:
    for n, row in enumerate(["id: 1, at: 'x'", "id: 'two', note: null", "id: 3, lines: [1.5]"]):
        values = ", ".join(f"{v.split(':', 1)[1]} AS {v.split(':', 1)[0]}" for v in row.split(", "))
        frame = spark.sql(f"SELECT {values.replace('[1.5]', 'array(struct(1.5D AS price))')}")
        frame = frame.withColumn("note", F.col("note").cast("string")) if "note" in frame.columns else frame
        frame.coalesce(1).write.format(format_).save(str(tmp_path / "made" / str(n)))
        (made,) = (tmp_path / "made" / str(n)).glob(f"part-*.{format_}")
        (tmp_path / "in").mkdir(exist_ok=True)
        made.rename(tmp_path / "in" / f"{n}.{format_}")
    rows = landed(spark, source(format_, required=["id"]), tmp_path / "in")
    assert [row[2] for row in rows] == [
        {"id": 1, "at": "x"},
        {"id": "two", "note": None},
        {"id": 3, "lines": [{"price": 1.5}]},
    ]
    readable, _ = inspect(source(format_), [str(p) for p in sorted((tmp_path / "in").iterdir())])
    assert [[path for path, _ in file.fields or ()] for file in readable] == [
        ["id", "at"],
        ["id", "note"],
        ["id", "lines[].price"],
    ]


def test_workbooks_elements_and_objects_by_arrow(spark: SparkSession, tmp_path: Path) -> None:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for cells in (["id", "price"], ["007", 2], ["8", 2.5]):
        book.worksheets[0].append(list(cells))
    book.save(stream)
    for folder, name, content in [
        ("excel", "a b.xlsx", stream.getvalue()),
        ("xml", "a.xml", '<?xml version="1.0" encoding="GBK"?><r><i k="1">中</i><i k="2"><x/></i>'.encode("gbk")),
        ("object", "[1].txt", "好".encode()),
    ]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(content)
    rows = landed(spark, source("excel", required=["id"]), tmp_path / "excel")
    assert [row[1:] for row in rows] == [(2, {"id": "007", "price": 2}), (3, {"id": "8", "price": 2.5})]
    rows = landed(spark, source("xml", {"rowTag": "i"}), tmp_path / "xml")
    assert [row[1:] for row in rows[:2]] == [(1, {"_k": "1", "_VALUE": "中"}), (2, {"_k": "2", "x": None})]
    assert "not well-formed from here on" in rows[2][2]
    ((_, row, value),) = landed(spark, source("object"), tmp_path / "object")
    assert (row, value["mime"], value["text"], value["name"]) == (1, "text/plain", "好", "[1].txt")


def test_a_sheet_that_is_not_there_is_told_of_the_file(spark: SparkSession, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "a.xlsx")
    rows = landed(spark, source("excel", {"sheet": "Sales"}), tmp_path)
    assert rows == [("a.xlsx", None, "sheet 'Sales' cannot be read: there are Sheet")]


def test_a_delivery_of_ga4_has_the_time_of_its_folder_else_of_its_file(spark: SparkSession, tmp_path: Path) -> None:
    folders = ("", "20250104T060000/", "export_time=20250105T060000/")
    for n, folder in enumerate(folders):
        path = tmp_path / f"{folder}events_20250103_{n}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"event_date": "20250103"}\n', encoding="utf-8")
        os.utime(path, (1_735_689_600, 1_735_689_600))
    rows, _ = read(spark, source("ga4"), tmp_path)
    times = rows.select(F.timestamp_micros("_sequence").cast("string")).collect()
    assert sorted(row[0] for row in times) == ["2025-01-01 00:00:00", "2025-01-04 06:00:00", "2025-01-05 06:00:00"]


def test_a_day_of_ga4_in_parquet_says_its_parameters_by_key(spark: SparkSession, tmp_path: Path) -> None:
    value = {"string_value": None, "int_value": 5, "float_value": None, "double_value": None}
    event = {"event_date": "20250103", "event_timestamp": 1, "event_params": [{"key": "engaged", "value": value}]}
    pq.write_table(pa.Table.from_pylist([event]), tmp_path / "events_20250103.parquet")
    rows, refused = read(spark, source("ga4"), tmp_path)
    assert refused == []
    assert rows.select(F.expr(sql("$.event_params[?key=engaged]")), "_row").collect() == [("5", 1)]
