"""Looking at a table from the command line."""

from jobs.catalogue import build_graph
from jobs.context import Context
from lakehouse.errors import KithError
from lakehouse.table import Table
from lakehouse.tables import ops


def find_table(context: Context, name: str) -> Table:
    """The contract of that name. Raises :class:`KithError` when nothing is called so."""
    known = {job.writes.name: job.writes for job in build_graph(context.sources, context.models).jobs.values()}
    known |= {table.name: table for table in ops.ALL}
    if name not in known:
        raise KithError("there is no such table; `kith tables` lists them", table=name)
    return known[name]


def show_table(context: Context, name: str, rows: int, where: str) -> None:
    """Print rows of a table, one under the other when it is wide."""
    table = find_table(context, name)
    if not context.lake.exists(table):
        raise KithError("the table is not there yet: `kith run` makes it", table=name)
    frame = context.lake.read(table)
    frame = frame.where(where) if where else frame
    frame.show(rows, truncate=60, vertical=len(table.columns) > 8)
