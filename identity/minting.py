"""Minting of one_ids: 26 characters of Crockford base32, sortable by time, decided by the cluster alone."""

from pyspark.sql import Column
from pyspark.sql import functions as F

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26


def mint(founded_at: Column, founder: Column, nonce: Column) -> Column:
    """The 128-bit id, written as a ULID, of the cluster that ``founder`` (a token) founded at ``founded_at``.

    48 bits of milliseconds since 1970 (before it: 0), then 80 bits of SHA-256 over founder and nonce. The
    same cluster always gets the same id; another ``nonce`` gives another one.
    """
    millis = F.greatest(F.unix_millis(founded_at), F.lit(0))
    digest = F.sha2(F.concat_ws("\n", founder, nonce), 256)
    return F.concat(
        _base32(millis.cast("string"), 10, 10),
        _base32(F.substring(digest, 1, 10), 16, 8),
        _base32(F.substring(digest, 11, 10), 16, 8),
    )


def _base32(number: Column, base: int, width: int) -> Column:
    return F.translate(F.lpad(F.conv(number, base, 32), width, "0"), DIGITS, CROCKFORD)
