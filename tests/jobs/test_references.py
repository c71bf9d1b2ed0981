"""Shows what every form of a reference stands for, from which file and line its row came, and how each wrong one is refused."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from identity.identifiers import load_rules
from jobs.explaining.register import Register, TooLarge, evidence
from jobs.references import BadReference, Origin, Reference, resolve, resolve_all
from lakehouse.errors import KithError
from lakehouse.settings import ROOT
from lakehouse.tables import silver
from tests.jobs import people_lake as people
from tests.jobs.people_lake import ANNA, APP, BEN, COOKIE, DEVICE, MEMBER, OLD, PHONE, token
from tests.small_lake import TOKEN_KEY

RULES = load_rules(ROOT / "conf" / "identity.yml")
EDGE = people.EDGES[0]


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """The lake of a few people."""
    root = tmp_path_factory.mktemp("people")
    people.write_people(root)
    return Register(str(root))


def asked(text: str, register: Register) -> Reference:
    return resolve(text, register, RULES, TOKEN_KEY.encode())


@pytest.mark.parametrize(
    ("text", "tokens", "one_id"),
    [
        (PHONE, [PHONE], ANNA),
        ("phone:139-1111-2222", [PHONE], ANNA),
        (" member_no:Ｍ1 ", [MEMBER], ANNA),
        (token(DEVICE), [DEVICE], people.HOLDERS[DEVICE]),
        (BEN, [people.BENS, people.BENS_APP], BEN),
        (OLD, [MEMBER, PHONE, APP, COOKIE], ANNA),
        ("silver.customer_record:crm__member/M1", [MEMBER], ANNA),
        ("silver.customer_record:crm__member/M9", [PHONE], ANNA),
        (f"gold.dim_customer:{ANNA}", [MEMBER, PHONE, APP, COOKIE], ANNA),
        ("gold.fct_order_line:app:O1/a/b", [APP], ANNA),
        ("silver.order_line:app:O1/a/b", [APP], ANNA),
        (f"silver.identity_edge:{EDGE['src_token']}/{EDGE['dst_token']}/{EDGE['rule_id']}", [MEMBER, PHONE], ANNA),
        (f"silver.identity_map:{token(MEMBER)}/2025-03-01T10:00:00Z", [MEMBER, PHONE, APP, COOKIE], ANNA),
    ],
)
def test_every_form_leads_to_its_tokens(text: str, tokens: list[str], one_id: str, register: Register) -> None:
    found = asked(text, register)
    assert sorted(found.tokens) == sorted(map(token, tokens))
    assert found.one_id == one_id


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (
            "silver.customer_record:crm__member/M1",
            Origin("silver.customer_record", "file:/landing/crm/member/day.parquet", 17),
        ),
        ("gold.fct_order_line:app:O1/a/b", Origin("silver.order_line", "file:/landing/crm/member/day.parquet", 5)),
        (
            f"silver.identifier_observation:crm__member/r1/phone/{token(PHONE)}",
            Origin("silver.identifier_observation", "file:/landing/crm__member/day.jsonl", 17),
        ),
    ],
)
def test_a_row_leads_to_its_file_and_line(text: str, origin: Origin, register: Register) -> None:
    assert asked(text, register).origins == (origin,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "no known form"),
        ("shoe_size:44", "no such identifier type; these are: member_no"),
        ("phone:123", "the value is invalid"),
        ("phone:13800138000", "the value is suspect"),
        ("email:", "the value is missing"),
        ("member_no:M404", "never seen"),
        ("f" * 32, "never seen"),
        ("01JNDY00000000000000000000", "no person has or had"),
        ("silver.nothing:1", "there is no such table"),
        ("bronze.crm__member:1", "rows of bronze have no key"),
        ("ops.job_run:1", "no key"),
        ("silver.customer_record:crm__member", "the key has 2 parts: source/record_id"),
        ("silver.customer_record:crm__member/M404", "there is no such row"),
        ("silver.event:web/e1", "there is no such row"),
        (
            f"silver.identity_edge:{'/'.join(str(people.EDGES[3][k]) for k in silver.IDENTITY_EDGE.key)}",
            "several people",
        ),
    ],
)
def test_a_wrong_reference_is_refused_by_name(text: str, said: str, register: Register) -> None:
    with pytest.raises(BadReference, match=said) as refused:
        asked(text, register)
    assert refused.value.where["reference"] == text


def test_quotes_in_a_reference_are_no_sql(register: Register) -> None:
    with pytest.raises(BadReference, match="no such row"):
        asked("silver.customer_record:x'/y' OR true --", register)


def test_several_references_are_resolved_in_their_order(register: Register) -> None:
    found = resolve_all([COOKIE, BEN], register, RULES, TOKEN_KEY.encode())
    assert [one.one_id for one in found] == [ANNA, BEN]


def test_a_lake_without_people_says_so(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="not there yet"):
        asked(PHONE, Register(str(tmp_path)))


def test_who_has_too_many_rows_is_no_person(register: Register) -> None:
    with pytest.raises(TooLarge, match="more than 2 rows"):
        register.ask(silver.IDENTITY_MAP, ("token",), "true", limit=2)


def test_a_column_that_an_older_table_lacks_is_null(tmp_path: Path) -> None:
    schema = people.schema_of(silver.IDENTIFIER_OBSERVATION)
    row = people.SIGHTINGS[0]
    older = pa.Table.from_pylist([row], schema=schema.remove(schema.get_field_index("_first_row")))
    write_deltalake(str(tmp_path / "silver" / "identifier_observation"), older)
    edge = evidence([people.EDGES[0]], {}, {})
    found = Register(str(tmp_path)).sightings(edge)
    assert [(one.source, one.file, one.row) for one in found] == [("crm__member", None, None)]
