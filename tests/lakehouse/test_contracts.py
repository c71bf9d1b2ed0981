"""The pure vocabulary: what a table, a load, a job and an error may be, and what is refused at once."""

import pytest

from lakehouse.errors import CheckFailed, ContractError, KithError
from lakehouse.job import AsOf, Changed, Group, Job, Mapped, New, Read, Resource, job
from lakehouse.load import Append, Merge
from lakehouse.table import Column, Layer, Rule, Table

ID = Column("id", "string", "the key", required=True)
SIZE = Column("size", "int", "a size", check="size > 0")
THING = Table(
    "silver.thing", "Things.", (ID, SIZE), key=("id",), rules=(Rule("small", "size < 100"),), cluster_by=("size",)
)
OTHER = Table("silver.other", "Other things.", (ID,), key=("id",))


def test_a_table_knows_its_layer_entity_and_asset() -> None:
    assert (THING.layer, THING.entity, THING.asset) == (Layer.SILVER, "thing", "kith://silver/thing")
    assert THING.column_names == ("id", "size")
    assert THING.schema_ddl == "`id` string, `size` int"


def test_row_rules_are_required_columns_then_checks_then_rules() -> None:
    assert [(r.name, r.sql) for r in THING.row_rules()] == [
        ("id_required", "`id` IS NOT NULL"),
        ("size_valid", "size > 0"),
        ("small", "size < 100"),
    ]


@pytest.mark.parametrize(
    ("name", "columns", "key", "cluster_by", "words"),
    [
        ("thing", (ID,), (), (), "<layer>.<entity>"),
        ("lead.thing", (ID,), (), (), "<layer>.<entity>"),
        ("silver.thing", (ID, ID), (), (), "declared twice"),
        ("silver.thing", (ID,), ("no",), (), "'no'"),
        ("silver.thing", (ID,), (), ("no",), "'no'"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_by_name(
    name: str, columns: tuple[Column, ...], key: tuple[str, ...], cluster_by: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ContractError, match=words) as told:
        Table(name, "x", columns, key=key, cluster_by=cluster_by)
    assert told.value.where["table"] == name


def test_technical_columns_start_with_an_underscore() -> None:
    assert Column("_file", "string", "x").is_technical
    assert not ID.is_technical


def test_a_merge_keeps_the_newest_or_folds_never_both() -> None:
    assert Merge(newest=("a",)).newest == ("a",)
    for options in ({"least": ("b",)}, {"greatest": ("b",)}):
        with pytest.raises(ContractError):
            Merge(newest=("a",), **options)


def _job(**changes: object) -> Job:
    options: dict[str, object] = {"writes": THING, "reads": {"rows": OTHER}, "load": Append(), "group": Group.SILVER}

    def thing(rows: object) -> object:
        """Things
        of  two lines.
        """
        return rows

    return job(**(options | changes))(thing)  # type: ignore[arg-type]


def test_a_job_takes_name_and_text_from_table_and_docstring() -> None:
    made = _job()
    assert (made.name, made.task_id, made.doc) == ("silver.thing", "silver__thing", "Things of two lines.")
    assert (made.version, made.cadence, made.size, made.is_ledger) == (1, "daily", "s", False)


def test_a_job_lists_each_table_that_it_reads_once() -> None:
    reads: dict[str, Read] = {"a": New(OTHER), "b": Changed(((THING, "id"), (OTHER, "id"))), "c": THING, "d": AsOf.DAY}

    def thing(*, a: object, b: object, c: object, d: object) -> object:
        """Things."""
        return a, b, c, d

    made = job(writes=THING, reads=reads, load=Append(), group=Group.SILVER)(thing)
    assert [t.name for t in made.inputs()] == ["silver.other", "silver.thing"]
    assert _job(reads={"rows": Mapped()}).inputs() == ()


def test_a_job_without_a_docstring_is_refused() -> None:
    def thing(rows: object) -> object:
        return rows

    with pytest.raises(ContractError, match="docstring"):
        job(writes=THING, reads={"rows": OTHER}, load=Append(), group=Group.SILVER)(thing)


@pytest.mark.parametrize("change", [{"reads": {"lines": OTHER}}, {"reads": {}}, {"writes": OTHER}])
def test_a_job_whose_names_do_not_agree_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ContractError) as told:
        _job(**change)
    assert "job" in told.value.where


def test_a_resource_is_no_table() -> None:
    assert _job(reads={"rows": Resource.SETTINGS}).inputs() == ()


def test_an_error_says_where_in_the_order_given_and_leaves_out_what_is_not_known() -> None:
    error = CheckFailed("stopped", job="gold.x", table="gold.x", file=None, rule="r")
    assert str(error) == "stopped [job=gold.x, table=gold.x, rule=r]"
    assert isinstance(error, KithError)
    assert str(KithError("plain")) == "plain"
