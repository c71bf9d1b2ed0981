"""What kind of file bytes are, told by the bytes: names lie, and deliveries come without any."""

import io
import json
import zipfile

PLAIN, BINARY = "text/plain", "application/octet-stream"
# Signatures as the formats' own specifications give them: (offset, bytes, mime).
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"Obj\x01", "application/avro"),
)
OPEN_XML = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
RIFF = ("image/webp", "audio/wav")


def sniff(content: bytes) -> str:
    """The media type of a file's bytes; text is told from other bytes by decoding it as UTF-8."""
    for offset, magic, mime in SIGNATURES:
        if content.startswith(magic, offset) and (mime not in RIFF or content.startswith(b"RIFF")):
            return mime
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2:  # frame of MPEG audio, layer III
        return "audio/mpeg"
    return _text(content)


def _archive(content: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile:
        return "application/zip"
    kinds = [mime for prefix, mime in OPEN_XML.items() if any(name.startswith(prefix) for name in names)]
    return kinds[0] if kinds else "application/zip"


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        return BINARY
    if "\0" in text:
        return BINARY
    start = text[:200].lower()
    if start.startswith(("<!doctype html", "<html")):
        return "text/html"
    if start.startswith("<?xml"):
        return "application/xml"
    return "application/json" if text[:1] in ("{", "[") and _is_json(text) else PLAIN


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
