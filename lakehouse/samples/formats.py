"""What kind of file a sample is, from its bytes: format, encoding, separator and header, without being told."""

import codecs
import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lakehouse.errors import SourceError

HEAD = 1 << 20
SEPARATORS = (",", "\t", ";", "|")
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
BINARY = {
    b"PAR1": "parquet",
    b"PK\x03\x04": "excel",
    b"\xd0\xcf\x11\xe0": "excel",
    b"Obj\x01": "avro",
    b"\x1f\x8b": "gzip",
}
READ = ("csv", "tsv", "jsonl", "json", "parquet", "excel")


@dataclass(frozen=True, slots=True)
class Format:
    """``kind`` is one of csv, tsv, jsonl, json, parquet, excel; encoding, separator and header are of text files."""

    kind: str
    encoding: str = "utf-8"
    separator: str = ","
    header: tuple[str, ...] = ()
    has_bom: bool = False
    notes: tuple[str, ...] = field(default=())


def find_format(path: Path) -> Format:
    """Find a file's format. Raises :class:`SourceError` naming file and rule where it is none that can be read."""
    if not path.is_file():
        raise SourceError("there is no such file", file=path)
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise SourceError("the file has no bytes", file=path, rule="empty_file")
    kind = next((name for magic, name in BINARY.items() if head.startswith(magic)), "")
    if kind in READ:
        return Format(kind)
    if kind:
        raise SourceError(f"{kind} cannot be sampled; unpack or convert it first", file=path, rule="format_known")
    encoding, has_bom = find_encoding(head, path)
    text = _text(head, encoding, is_whole=len(head) < HEAD)
    if text.lstrip()[:1] in ("{", "["):
        return Format(_json_kind(text, path), encoding, has_bom=has_bom)
    return _delimited(text, encoding, path, has_bom=has_bom)


def find_encoding(head: bytes, path: Path) -> tuple[str, bool]:
    """The encoding of a text's first bytes, and whether a byte-order mark says so.

    Raises :class:`SourceError` where the bytes are no text.
    """
    for bom, name in BOMS.items():
        if head.startswith(bom):
            return name, True
    if b"\0" in head:
        return _utf16(head, path), False
    if _decoded(head, "utf-8") is not None or _mostly(head):
        return "utf-8", False
    for name in ("gb18030", "big5", "shift_jis", "cp1252"):
        text = _decoded(head, name)
        if text is not None and (name == "cp1252" or _reads_well(text)):
            return name, False
    raise SourceError("zero bytes or unknown signs where text is expected", file=path, rule="binary_file")


def _utf16(head: bytes, path: Path) -> str:
    """Of text without a mark every second byte of Latin letters and separators is zero: which half tells the order."""
    odd, even = head[1::2].count(0), head[0::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = _decoded(head[: len(head) // 2 * 2], name)
    if text is None or not _is_text(text):
        raise SourceError("zero bytes where text is expected", file=path, rule="binary_file")
    return name


def _decoded(head: bytes, name: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)("strict").decode(head, final=False)
    except UnicodeDecodeError:
        return None


def _is_text(text: str) -> bool:
    return all(c.isprintable() or c in "\r\n\t\ufeff" for c in text[:4096])


def _reads_well(text: str) -> bool:
    """Whether what is not ASCII are signs in daily use; another encoding's bytes give rare ones."""
    signs = [c for c in text if ord(c) > 127]
    usual = sum(1 for c in signs if "\u4e00" <= c <= "\u9fa5" or "\u3000" <= c <= "\u30ff" or "\uff00" <= c <= "\uffef")
    return bool(signs) and usual / len(signs) > 0.97


def _mostly(head: bytes) -> bool:
    """Whether the bytes are UTF-8 but for a few: another encoding's bytes hardly ever make whole signs of it."""
    text = head.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return wrong < sum(1 for sign in text if ord(sign) > 127) - wrong


def _text(head: bytes, encoding: str, *, is_whole: bool) -> str:
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    return text if is_whole else text.rpartition("\n")[0]


def _json_kind(text: str, path: Path) -> str:
    first = text.lstrip().partition("\n")[0].strip()
    try:
        return "jsonl" if isinstance(json.loads(first), dict) else "json"
    except json.JSONDecodeError:
        pass
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if len(text) < HEAD // 4:
            raise SourceError(f"neither JSON lines nor JSON: {error}", file=path, row=error.lineno) from error
    return "json"


def _delimited(text: str, encoding: str, path: Path, *, has_bom: bool) -> Format:
    separator = max(SEPARATORS, key=lambda sep: _regularity(text, sep))
    lines = list(csv.reader(io.StringIO(text[:65536]), delimiter=separator))
    header = tuple(cell.strip() for cell in lines[0])
    problem = _no_header(header, lines[1:200])
    if problem:
        raise SourceError(f"the first line is no header: {problem}; put one in front", file=path, row=1, rule="header")
    return Format("tsv" if separator == "\t" else "csv", encoding, separator, header, has_bom)


def _regularity(text: str, separator: str) -> tuple[float, int]:
    """How many lines have the commonest number of fields, and that number."""
    rows = list(csv.reader(io.StringIO(text[:65536]), delimiter=separator))[:200]
    widths = Counter(len(row) for row in rows[: max(1, len(rows) - 1)] if row)
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return (count / len(rows) if width > 1 else 0.0, width)


def _no_header(header: tuple[str, ...], rows: list[list[str]]) -> str:
    """Why the first line cannot be column names; empty where it can."""
    if any(not name for name in header):
        return "a name is empty"
    doubled = [name for name, count in Counter(header).items() if count > 1]
    if doubled:
        return f"{doubled[0]!r} stands twice"
    numbers = [name for name in header if name.replace(".", "", 1).replace("-", "").replace(":", "").isdigit()]
    if numbers and rows:
        return f"{numbers[0]!r} is a value"
    return ""
