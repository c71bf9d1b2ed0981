"""A unify.yml and a Profiles project of one made-up tea house, written in the shapes that those systems' users write."""

from pathlib import Path

import pytest

UNIFY = """\
name: tea_house
keys:
  - name: email
    valid_regexp: "^[^@]+@[^@]+$"
    invalid_texts: ['', null, 'N/A', 'test@tea.example']
  - name: customerId
    invalid_texts: ['', '0']
  - name: phone
    valid_regexp: "^[0-9]{10}$"
  - name: td_client_id
    valid_regexp: "(?<a>[0-9a-f]{8})-"
  - name: idfa
    valid_regexp: "\\\\p{Alnum}+"

tables:
  - database: crm
    table: members
    incremental_columns: [updated_at, id]
    key_columns:
      - {column: email_std, key: email}
      - {column: id, key: customerId}
      - {column: mobile, key: phone}
  - database: ${web}
    table: pageviews
    as: web_pageviews
    key_columns:
      - {column: td_client_id, key: td_client_id}
      - {column: "mail address", key: email}
      - {column: email2, key: email}
  - database: shop
    table: orders
    key_columns: [{column: device, key: idfa}]

canonical_ids:
  - name: browser_id
    merge_by_keys: [td_client_id]
    merge_iterations: 3
  - name: person_id
    merge_by_canonical_ids: [browser_id]
    merge_by_keys: [email, customerId, phone]
    key_priorities: [2, 1, 3]
    do_not_merge_key: customerId
    source_tables: [members, web_pageviews]
    merge_iterations: 5
  - name: ad_id
    merge_by_keys: [idfa]

master_tables:
  - name: master
    canonical_id: person_id
    attributes:
      - name: email
        source_columns:
          - {table: members, column: email_std, order: last, order_by: time, priority: 1}
      - name: all_mail
        array_elements: 5
        source_columns: [{table: orders, column: mail}]
colour: green
"""

PROJECT = """\
name: tea_profiles
schema_version: 88
connection: wh
include_untimed: true
model_folders: [models]
packages:
  - name: corelib
    url: "https://example.com/corelib"
entities:
  - name: account
    id_types: [domain]
  - name: user
    id_stitcher: models/user_id_stitcher
    id_column_name: user_main_id
    id_types: [main_id, anonymous_id, user_id, email, phone, shopify_id]
    feature_views:
      using_ids: [{id: email, name: by_email}]
id_types:
  - name: main_id
  - name: user_id
    filters:
      - {type: exclude, value: 123456}
      - {type: exclude, regex: "test_.*"}
  - name: anonymous_id
    extends: user_id
    filters:
      - {type: exclude, value: ""}
      - {type: exclude, value: "NaN"}
      - {type: exclude, sql: "select x from bad"}
  - name: email
    extends: corelib_email
    filters:
      - type: include
        regex: "[A-Za-z0-9+_.-]+@(.+)"
  - name: phone
    filters:
      - {type: include, value: "+8613912345678"}
      - {type: include, regex: "\\\\+[0-9]{5,}"}
  - name: domain
"""

INPUTS = """\
inputs:
  - name: rsIdentifies
    contract:
      is_optional: false
    app_defaults:
      table: events.prod.identifies
      occurred_at_col: timestamp
      ids:
        - {select: user_id, type: user_id, entity: user, to_default_stitcher: true}
        - select: "lower(email)"
          type: email
          entity: user
        - {select: anonymous_id, type: anonymous_id, entity: user, to_default_stitcher: false}
        - {select: "split_part(email, '@', 2)", type: domain, entity: account}
  - name: shopOrders
    app_defaults:
      view: shop.orders
    ids:
      - {select: "case when src = 'app' then phone else \\"Tel No\\" end", type: phone, entity: user}
      - {select: customer, type: shopify_id, entity: user}
      - {select: fax, type: fax, entity: user}
  - name: crm
    app_defaults:
      table: crm.contacts
      occurred_at_col: created
      ids:
        - {select: id, type: user_id, entity: user}
"""

PROFILES = """\
models:
  - name: user_id_stitcher
    model_type: id_stitcher
    model_spec:
      validity_time: 24h
      entity_key: user
      materialization:
        run_type: incremental
      incremental_timedelta: 96h
      edge_sources:
        - from: inputs/rsIdentifies
        - from: inputs/shopOrders
        - from: models/web_sessions
  - name: churn
    model_type: py
    model_spec: {x: 1}
var_groups:
  - name: user_vars
    entity_key: user
    vars:
      - entity_var: {name: n, select: count(*), from: inputs/crm}
"""


@pytest.fixture
def unify(tmp_path: Path) -> Path:
    """A unify.yml."""
    path = tmp_path / "unify.yml"
    path.write_text(UNIFY, encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a Profiles project."""
    (tmp_path / "models").mkdir()
    (tmp_path / "pb_project.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "models" / "inputs.yaml").write_text(INPUTS, encoding="utf-8")
    (tmp_path / "models" / "profiles.yaml").write_text(PROFILES, encoding="utf-8")
    return tmp_path
