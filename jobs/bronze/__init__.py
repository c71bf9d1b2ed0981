"""Bronze: one job for each source file; its transform is the reader that the file's format asks for."""

from collections.abc import Iterable

from lakehouse.job import Group, Job
from lakehouse.load import Append
from lakehouse.sources.spec import Source


def landing_job(source: Source) -> Job:
    """The job that lands one source, as its file describes it."""

    def lands_files() -> None:
        raise NotImplementedError("landing jobs are run by jobs.landing, which reads files instead of tables")

    doc = f"Land {source.description[0].lower()}{source.description[1:]}" if source.description else source.name
    return Job(source.table, {}, Append(), lands_files, doc, Group.BRONZE)


def landing_jobs(sources: Iterable[Source]) -> list[Job]:
    """The landing jobs of all sources."""
    return [landing_job(source) for source in sources]
