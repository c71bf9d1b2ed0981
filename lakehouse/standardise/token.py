"""Keyed tokens: HMAC-SHA256 (RFC 2104) of identifiers as plain Spark expressions, so that no clear value leaves bronze."""

import hashlib

from pyspark.sql import Column
from pyspark.sql import functions as F

BLOCK = 64
LENGTH = 32


def _pads(key: bytes) -> tuple[bytes, bytes]:
    key = hashlib.sha256(key).digest() if len(key) > BLOCK else key
    padded = key.ljust(BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)


def token(id_type: str, value: Column, key: bytes) -> Column:
    """The token of an identifier: the first 128 bits of HMAC-SHA256(key, "type:value") in hex; null for null.

    The type is part of the message, so that the same digits as a phone and as a member number are two identifiers.
    """
    inner, outer = _pads(key)
    message = F.concat(F.lit(inner), F.concat(F.lit(f"{id_type}:"), value).cast("binary"))
    digest = F.sha2(F.concat(F.lit(outer), F.unhex(F.sha2(message, 256))), 256)
    return F.substring(digest, 1, LENGTH)
