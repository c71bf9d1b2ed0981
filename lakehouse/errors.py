"""Errors of Kith: each names where it happened (job, table, file, row) and the rule that was broken."""

from collections.abc import Mapping


class KithError(Exception):
    """Base of every error that Kith raises on purpose.

    Keyword arguments say where: ``job``, ``table``, ``file``, ``row``, ``rule``, ``key``; they are printed after the
    message in that order, so that a log line alone is enough to act on.
    """

    def __init__(self, message: str, **where: object) -> None:
        self.message = message
        self.where: Mapping[str, object] = {k: v for k, v in where.items() if v is not None}
        super().__init__(str(self))

    def __str__(self) -> str:
        places = ", ".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.message} [{places}]" if places else self.message


class SettingsError(KithError):
    """A setting or a configuration file is wrong; names file and key."""


class ContractError(KithError):
    """A table, load or job is declared in a way that cannot work, or data cannot take its contract's shape."""


class SourceError(KithError):
    """A source file in ``conf/sources`` is wrong, or what it points to cannot be read at all."""


class CheckFailed(KithError):
    """A gate stopped publication: the candidate rows break a rule and the table was left as it was."""


class JobFailed(KithError):
    """A job ended with an error; what it had landed stays, and the next run resumes there."""
