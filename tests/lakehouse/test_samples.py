"""Samples of every format and in several encodings: what is found of them, and that the loader takes what is drafted."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lakehouse.errors import SourceError
from lakehouse.samples.columns import candidate_keys, measure_columns
from lakehouse.samples.draft import Draft, draft
from lakehouse.samples.formats import find_format
from lakehouse.samples.reading import read_sample
from lakehouse.samples.roles import plain_name, role_of
from lakehouse.samples.sourcefile import landed_format, scalar, source_text
from lakehouse.sources.spec import Source, load_source

ID_TYPES = frozenset(
    {"member_no", "phone", "email", "address", "recipient_phone", "name_phone", "full_name", "birth_on", "device"}
)
MEMBERS = "会员卡号,姓名,手机号,邮箱,注册时间\n" + "".join(
    f"M{n:04},{'王李张'[n % 3]}伟,1381234{n:04},u{n}@qq.com,2024/1/{n % 28 + 1} 10:00:00\n" for n in range(60)
)
RECEIPTS = "receipt_no,line_no,sold_at,sku,qty,unit_price,member_no\n" + "".join(
    f"R{n // 2},{n % 2},2025-01-01 10:{n:02}:00,SKU{n % 7},{n % 3 + 1},{n}.50,M{n:04}\n" for n in range(50)
)


def sample(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def loaded(made: Draft, folder: Path) -> Source:
    path = folder / f"{made.name}.yml"
    path.write_text(source_text(made), encoding="utf-8")
    return load_source(path)


@pytest.mark.parametrize(
    ("content", "kind", "encoding", "separator"),
    [
        (MEMBERS.encode(), "csv", "utf-8", ","),
        (b"\xef\xbb\xbf" + MEMBERS.encode(), "csv", "utf-8", ","),
        (MEMBERS.encode("gb18030"), "csv", "gb18030", ","),
        (b"\xff\xfe" + MEMBERS.encode("utf-16-le"), "csv", "utf-16-le", ","),
        (RECEIPTS.encode("utf-16-le"), "csv", "utf-16-le", ","),
        ("會員編號,姓名\n1,張偉\n2,陳靜\n".encode("big5"), "csv", "big5", ","),
        (RECEIPTS.replace(",", "\t").encode(), "tsv", "utf-8", "\t"),
        (RECEIPTS.replace(",", ";").encode(), "csv", "utf-8", ";"),
        ("café,größe\né,ü\n".encode("cp1252"), "csv", "cp1252", ","),
        (b'{"a": 1}\n{"a": 2}\n', "jsonl", "utf-8", ","),
        (b'[{"a": 1}, {"a": 2}]', "json", "utf-8", ","),
        (b'{\n  "a": 1\n}', "json", "utf-8", ","),
    ],
)
def test_the_kind_of_a_file_is_found(tmp_path: Path, content: bytes, kind: str, encoding: str, separator: str) -> None:
    found = find_format(sample(tmp_path, "x", content))
    assert (found.kind, found.encoding, found.separator) == (kind, encoding, separator)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty_file"),
        (b"\x00\x01\x02\x00\xff", "binary_file"),
        (b"\x1f\x8b\x08", "gzip cannot be sampled"),
        (b"1,2,3\n4,5,6\n", "no header: '1' is a value"),
        (b"a,a\n1,2\n", "'a' stands twice"),
        (b"a,b\n", "no record"),
    ],
)
def test_what_cannot_be_sampled_is_said_with_file_and_rule(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read_sample(sample(tmp_path, "x.csv", content))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("手机号", "phone", "phone"),
        ("mobile", "integer", ""),
        ("联系", "phone", "phone"),
        ("traits.eMail", "email", "email"),
        ("订单编号", "code", "order_id"),
        ("orderId", "integer", "order_id"),
        ("更新时间", "time", "updated"),
        ("gmtModified", "time", "updated"),
        ("status", "text", "status"),
        ("收货人手机", "phone", "recipient_phone"),
        ("身份证号", "id_card", "id_card"),
        ("unit_price", "decimal", "price"),
        ("product_name", "text", "product_name"),
        ("店铺名称", "text", "store_name"),
    ],
)
def test_the_role_of_a_column_by_name_and_content(name: str, kind: str, role: str) -> None:
    assert role_of(name, kind) == role


def test_names_are_taken_apart_by_words() -> None:
    assert plain_name("context.userAgent") == "user_agent"
    assert plain_name("lines[].SKU ID") == "sku_id"


def test_a_member_list_in_chinese_becomes_a_source_of_people(tmp_path: Path) -> None:
    made = draft("cinema__member", read_sample(sample(tmp_path, "m.csv", MEMBERS.encode("gb18030"))), ID_TYPES)
    source = loaded(made, tmp_path)
    assert (source.format, source.options) == ("csv", {"encoding": "GB18030"})
    columns = source.mappings("silver.customer_record")[0].columns
    assert columns["record_id"] == "$['会员卡号']"
    assert columns["joined_at"] == "try_to_timestamp($['注册时间'], 'yyyy/M/d H:mm:ss')"
    assert set(source.identifiers[0].ids) == {"member_no", "phone", "email", "name_phone", "full_name"}
    assert set(source.required) == {"会员卡号", "姓名", "手机号", "邮箱", "注册时间"}
    personal = {fact.name for fact in made.facts if fact.is_personal}
    assert personal == {"姓名", "手机号", "邮箱"}
    assert "# guessed: 100% look like phones" in source_text(made)


def test_receipts_become_orders_and_their_lines(tmp_path: Path) -> None:
    path = sample(tmp_path, "r.tsv", RECEIPTS.replace(",", "\t"))
    source = loaded(draft("till__receipt", read_sample(path), ID_TYPES), tmp_path)
    assert set(source.maps) == {"silver.order_header", "silver.order_line"}
    line = source.mappings("silver.order_line")[0].columns
    assert (line["order_id"], line["line_no"], line["sku"]) == (
        "concat('till:', $.receipt_no)",
        "$.line_no",
        "upper($.sku)",
    )


def test_nested_orders_are_exploded(tmp_path: Path) -> None:
    order = {"lines": [{"skuId": "A", "count": 2, "price": 10.5}, {"skuId": "B", "count": 1, "price": 3}]}
    rows = [
        {"orderNo": f"o{n}", "gmtCreate": 1735689600000 + n, "buyer": {"mobile": f"1381234{n:04}"}, **order}
        for n in range(20)
    ]
    path = sample(tmp_path, "o.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    source = loaded(draft("shop__order", read_sample(path), ID_TYPES), tmp_path)
    lines = source.mappings("silver.order_line")[0]
    assert (lines.explode, lines.columns["sku"], lines.columns["quantity"]) == ("$.lines", "upper(@.skuId)", "@.count")
    assert lines.columns["ordered_at"] == "timestamp_millis(try_cast($.gmtCreate as bigint))"
    assert source.identifiers[0].ids == {"phone": "$.buyer.mobile"}


CASES = {
    "silver.consent_event": "id,phone,purpose,action,at\n"
    + "".join(
        f"c{n},1381234{n:04},marketing,{'同意' if n % 2 else '拒绝'},2025-01-01 10:00:{n:02}\n" for n in range(20)
    ),
    "silver.event": "message_uuid,event,user_id,timestamp,url\n"
    + "".join(f"e{n},Page Viewed,u{n},2025-01-01T10:00:{n:02}Z,https://a.b/{n}\n" for n in range(20)),
    "silver.message_event": "message_id,status,campaign,sent_at,phone\n"
    + "".join(f"m{n},delivered,summer,2025-01-01 10:00:{n:02},1381234{n:04}\n" for n in range(20)),
    "silver.product": "sku,product_name,category,brand,updated_at\n"
    + "".join(f"S{n},thing {n},cat,brand,2025-01-01 10:00:{n:02}\n" for n in range(20)),
    "silver.store": "store_id,store_name,city,lat,lng,open_date\n"
    + "".join(f"S{n},shop {n},Rome,{n}.5,{n}.25,2020-01-{n + 1:02}\n" for n in range(20)),
    "silver.customer_record": "id,full_name,e-mail\n" + "".join(f"{n},Ann Lee,a{n}@b.com\n" for n in range(20)),
}


@pytest.mark.parametrize("table", CASES)
def test_each_kind_of_feed_finds_its_table(tmp_path: Path, table: str) -> None:
    made = draft("new__feed", read_sample(sample(tmp_path, "x.csv", CASES[table])), ID_TYPES)
    assert set(loaded(made, tmp_path).maps) == {table}


def test_what_fits_no_table_lands_without_a_map(tmp_path: Path) -> None:
    made = draft("odd__thing", read_sample(sample(tmp_path, "x.csv", "a,b\nx y,z!\nq w,!!\n")), ID_TYPES)
    assert not loaded(made, tmp_path).maps
    assert any("no silver table fits" in line for line in made.look)


def test_cards_and_identity_numbers_are_told_by_content_and_kept_out_of_maps(tmp_path: Path) -> None:
    rows = "".join(
        f"{n},1101011990010{n % 9 + 10}12{n % 10},45320151128303{n % 10}{n % 7},n@x.com\n" for n in range(30)
    )
    path = sample(tmp_path, "x.csv", f"id,证件,pay,mail\n{rows}")
    made = draft("a__b", read_sample(path), ID_TYPES)
    assert {f.name: f.is_personal for f in made.facts}["证件"]
    assert "证件" not in yaml.safe_load(source_text(made))["maps"]["silver.customer_record"]["columns"].values()


def test_typed_and_office_files_are_read(tmp_path: Path) -> None:
    from openpyxl import Workbook

    table = pa.table({"id": ["a", "b"], "at": pa.array([0, 1], pa.timestamp("us")), "n": [1, 2]})
    pq.write_table(table, tmp_path / "x.parquet")
    assert read_sample(tmp_path / "x.parquet").rows.to_pylist()[0] == {"id": "a", "at": "1970-01-01 00:00:00", "n": "1"}
    book = Workbook()
    sheet = book.create_sheet("members", 0)
    for row in (["会员号", "手机"], ["m1", 13812345678], ["m2", None]):
        sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    assert read_sample(tmp_path / "x.xlsx").rows.to_pylist()[0] == {"会员号": "m1", "手机": "13812345678"}


def test_keys_of_one_column_or_two(tmp_path: Path) -> None:
    found = read_sample(sample(tmp_path, "r.csv", RECEIPTS))
    assert candidate_keys(found, measure_columns(found))[0] == ("member_no",)
    two = read_sample(sample(tmp_path, "t.csv", "a_id,b_id\n" + "".join(f"{n // 5},{n % 5}\n" for n in range(25))))
    assert candidate_keys(two, measure_columns(two)) == [("a_id", "b_id")]


@pytest.mark.parametrize(
    "text", ["$.a", "concat('a:', $.b)", "@.x", "a: b", "# no", "[x]", "'CNY'", "$['会员 号']", ""]
)
def test_scalars_are_read_back_as_written(text: str) -> None:
    assert yaml.safe_load(f"k: {scalar(text)}") == {"k": text}
    assert yaml.safe_load(f"{{k: {scalar(text, inside=True)}}}") == {"k": text}


def test_a_format_that_does_not_land_is_refused(tmp_path: Path) -> None:
    found = find_format(sample(tmp_path, "x.tsv", RECEIPTS.replace(",", "\t")))
    assert landed_format(found)[0] in ("csv", "tsv")


def test_dates_in_several_formats_are_read_by_each(tmp_path: Path) -> None:
    days = ("1990-01-05", "1990/1/6", "19900107", "07.01.1990")
    rows = "".join(f"{n},{days[n % 4]},{'2025-01-01 10:00:00' if n % 2 else '2025/1/2 11:00:00'}\n" for n in range(40))
    made = draft("a__b", read_sample(sample(tmp_path, "x.csv", f"member_no,birthday,updated_at\n{rows}")), ID_TYPES)
    assert {f.name: f.kind for f in made.facts} == {"member_no": "integer", "birthday": "date", "updated_at": "time"}
    mapping = loaded(made, tmp_path).mappings("silver.customer_record")[0]
    assert mapping.sequence.startswith("coalesce(")
    assert "try_cast($.updated_at as timestamp)" in mapping.sequence
