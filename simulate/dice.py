"""Pseudo randomness as SQL expressions: the same seed, salt and keys always fall the same way, on any cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

FULL_CIRCLE = 6.283185307179586


def quoted(text: str) -> str:
    """A text as SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literal(value: str | float) -> str:
    """A text or number as SQL literal; floats become DOUBLE."""
    if isinstance(value, str):
        return quoted(value)
    return f"{value!r}D" if isinstance(value, float) else str(value)


def lookup(values: Sequence[str | float], index: str) -> str:
    """SQL: the value at an index of a constant list, null outside of it."""
    return f"get(array({', '.join(literal(value) for value in values)}), {index})"


@dataclass(frozen=True)
class Dice:
    """All chance of one simulated brand, derived from its seed.

    Every method returns a SQL expression. ``salt`` names the decision, so that no two decisions hang together;
    ``keys`` are SQL expressions that say for whom it falls.
    """

    seed: int

    def bits(self, salt: str, *keys: str) -> str:
        """A 64-bit hash, as BIGINT."""
        start = int.from_bytes(blake2b(f"{self.seed}/{salt}".encode(), digest_size=7).digest(), "big")
        return f"xxhash64({', '.join((f'{start}L', *keys))})"

    def share(self, salt: str, *keys: str) -> str:
        """A uniform DOUBLE between 0 and 1, both excluded."""
        return f"((shiftrightunsigned({self.bits(salt, *keys)}, 11) + 0.5D) * {2.0**-53!r}D)"

    def below(self, bound: int | str, salt: str, *keys: str) -> str:
        """A uniform INT from 0 up to, not including, a bound that may be an expression."""
        return f"cast(pmod({self.bits(salt, *keys)}, {bound}) AS INT)"

    def chance(self, rate: float | str, salt: str, *keys: str) -> str:
        """True at a rate that may be an expression."""
        return f"({self.share(salt, *keys)} < {rate})"

    def pick(self, values: Sequence[str | float], salt: str, *keys: str) -> str:
        """One of some constants, all equally likely; name one more often to make it likelier."""
        return lookup(values, self.below(len(values), salt, *keys))

    def exponential(self, mean: float, salt: str, *keys: str) -> str:
        """An exponentially distributed DOUBLE."""
        return f"(-ln({self.share(salt, *keys)}) * {mean!r}D)"

    def gamma(self, mean: float, salt: str, *keys: str) -> str:
        """A gamma distributed DOUBLE of shape 1.5: an exponential plus half a squared normal (Box-Muller)."""
        body = self.exponential(1.0, f"{salt}.body", *keys)
        radius = f"-2 * ln({self.share(f'{salt}.radius', *keys)})"
        angle = f"pow(cos({FULL_CIRCLE!r}D * {self.share(f'{salt}.angle', *keys)}), 2)"
        return f"(({body} + 0.5D * {radius} * {angle}) * {mean / 1.5!r}D)"

    def code(self, salt: str, *keys: str) -> str:
        """Sixteen lower-case hexadecimal digits; distinct keys give distinct codes but for one in some 10^10."""
        return f"lower(lpad(hex({self.bits(salt, *keys)}), 16, '0'))"
