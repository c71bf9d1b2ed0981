"""Decisions about who is who, written to ``ops.identity_override`` without Spark: checked, audited, in the change feed."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from identity.identifiers import IdentityRules
from identity.overrides import ENTROPY, Decision, Override, OverrideError, anchor, check, in_force, minted, split
from jobs.explaining.register import Register, listed
from jobs.explaining.story import holdings
from jobs.locks import held_table
from jobs.references import BadReference, Reference
from lakehouse.settings import Settings
from lakehouse.tables import ops


@dataclass(frozen=True, slots=True)
class Ledger:
    """``ops.identity_override`` of a lake, as one person at one time writes it.

    ``ensure`` makes the table where it is missing (the one thing that needs Spark); ``now`` is the time of the command.
    """

    settings: Settings
    register: Register
    rules: IdentityRules
    actor: str
    now: datetime
    ensure: Callable[[], None]

    def join(self, a: Reference, b: Reference, reason: str, until: date | None = None) -> list[Override]:
        """Say that two references are one person (``pin``). Raises as :func:`identity.overrides.check` does."""
        return self.decide([Decision("pin", self.stand_in(a), self.stand_in(b))], reason, until)

    def part(self, a: Reference, b: Reference, reason: str, until: date | None = None) -> list[Override]:
        """Say that two references are never one person (``forbid``). Raises as :func:`identity.overrides.check` does."""
        return self.decide([Decision("forbid", self.stand_in(a), self.stand_in(b))], reason, until)

    def split(self, whole: Reference, leaving: Sequence[Reference], reason: str) -> list[Override]:
        """Say that what some references name leaves a person, together, for a person of its own.

        A reference that names all of a person by one_id cannot leave. Raises :class:`OverrideError`.
        """
        tokens = {token for reference in leaving for token in reference.tokens}
        return self.decide(split(holdings(whole.one_id, self.register, self.rules), tokens), reason, None)

    def stand_in(self, reference: Reference) -> str:
        """The one token that a decision about a reference names: its only one, else its person's anchor."""
        if len(reference.tokens) == 1:
            return reference.tokens[0]
        return anchor(holdings(reference.one_id, self.register, self.rules)).token

    def decide(self, decisions: Sequence[Decision], reason: str, until: date | None) -> list[Override]:
        """Write decisions as one group, after they were held against those in force; returns what was written.

        Raises :class:`OverrideError`: no reason, a last day that is past, or a contradiction, which is named by its id.
        """
        if not reason.strip():
            raise OverrideError("a decision needs a reason")
        if until is not None and until < self.now.date():
            raise OverrideError("the last day is past", until=until)
        with self._writing() as table:
            check(decisions, self.register.overrides(), self.now.date())
            rows = self._rows(decisions, reason.strip(), until)
            schema = pa.schema(table.schema().to_arrow())
            write_deltalake(table, pa.Table.from_pylist([asdict(row) for row in rows], schema=schema), mode="append")
        return rows

    def _rows(self, decisions: Sequence[Decision], reason: str, until: date | None) -> list[Override]:
        millis = int(self.now.timestamp() * 1000)
        ids = sorted(minted(millis, secrets.token_bytes(ENTROPY)) for _ in decisions)
        return [
            Override(override_id, d.kind, d.a_token, d.b_token, ids[0], reason, self.actor, self.now, until)
            for override_id, d in zip(ids, decisions, strict=True)
        ]

    def lift(self, name: str, reason: str) -> list[Override]:
        """Take back an override, or all of a group, by its id; the rows stay, with who lifted them, when and why.

        Raises :class:`BadReference` where there is no such id, :class:`OverrideError` where it is lifted already or no
        reason is given.
        """
        if not reason.strip():
            raise OverrideError("lifting needs a reason")
        with self._writing() as table:
            found = [o for o in self.register.overrides() if name in (o.override_id, o.group_id)]
            if not found:
                raise BadReference("no such override; `kith identity overrides` lists them", reference=name)
            standing = [o for o in found if o.lifted_at is None]
            if not standing:
                raise OverrideError("it was lifted already", override=name, by=found[0].lifted_by)
            ids = listed(o.override_id for o in standing)
            table.update(predicate=f"override_id IN {ids} AND lifted_at IS NULL", updates=self._lifted(reason.strip()))
        return standing

    def _lifted(self, reason: str) -> dict[str, str]:
        micros = round(self.now.timestamp() * 1e6)
        return {
            "lifted_at": f"arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')",
            "lifted_by": _quoted(self.actor),
            "lift_reason": _quoted(reason),
        }

    def in_force(self) -> list[Override]:
        """The overrides that hold today."""
        return in_force(self.register.overrides(), self.now.date())

    @contextmanager
    def _writing(self) -> Iterator[DeltaTable]:
        """The table as it is now, held against other writers on this machine; made first where it is missing."""
        with held_table(self.settings.home, ops.IDENTITY_OVERRIDE.name):
            if self.register.version(ops.IDENTITY_OVERRIDE.name) is None:
                self.ensure()
            self.register.forget()
            yield self.register.open(ops.IDENTITY_OVERRIDE)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
