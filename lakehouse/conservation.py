"""Conservation of rows: what came in is what went out, was refused, was there already or was left out on purpose."""

from dataclasses import dataclass

from lakehouse.errors import KithError


class ConservationError(KithError):
    """Rows were lost or made on the way through a job; names job, stage and source with the figures."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One batch's rows on both sides of one stage; each side is counted at a place of its own.

    ``rows_in`` is None where it cannot be counted. ``is_derived``: a part of the figures follows from the others (records
    that a `where` leaves out are counted nowhere else), so that their sum proves nothing.
    """

    job: str
    stage: str
    source: str | None
    batch_id: int
    rows_in: int | None
    rows_out: int
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_filtered: int = 0
    rows_exploded: int = 0
    is_derived: bool = False

    @property
    def balance(self) -> int | None:
        """Rows that are not accounted for; 0 when all is told, None where one side is not known."""
        if self.rows_in is None:
            return None
        told = self.rows_out + self.rows_quarantined + self.rows_duplicate + self.rows_filtered
        return self.rows_in + self.rows_exploded - told

    @property
    def is_balanced(self) -> bool | None:
        """Whether every row is accounted for; None where nothing can be said."""
        if self.balance is None or (self.is_derived and self.balance == 0):
            return None
        return self.balance == 0

    def hold(self) -> None:
        """Raise :class:`ConservationError` where rows are missing or too many."""
        if self.is_balanced is False:
            raise ConservationError(
                f"{self.stage}: {self.rows_in} rows in (+{self.rows_exploded} exploded), {self.rows_out} out, "
                f"{self.rows_quarantined} quarantined, {self.rows_duplicate} duplicate, {self.rows_filtered} filtered: "
                f"{abs(self.balance or 0)} rows {'lost' if (self.balance or 0) > 0 else 'too many'}",
                job=self.job,
                table=self.job,
                source=self.source,
                rule="rows_conserved",
            )


def mapped_balance(
    job: str, source: str, batch_id: int, *, read: int | None, rows: int, refused: int, maps: int, is_plain: bool
) -> Balance:
    """The balance of one source's records on their way to rows of silver.

    ``read`` records were committed to bronze, ``rows`` came out of the mapping, ``refused`` of them broke the contract.
    ``maps`` is how many rows a record gives; where a `where` or an `explode` decides (not ``is_plain``) the difference is
    what it left out, or added.
    """
    extra = 0 if read is None else read * (maps - 1)
    missing = 0 if read is None or is_plain else read + extra - rows
    return Balance(
        job,
        "map",
        source,
        batch_id,
        read,
        rows - refused,
        refused,
        rows_filtered=max(0, missing),
        rows_exploded=extra + max(0, -missing),
        is_derived=not is_plain,
    )
