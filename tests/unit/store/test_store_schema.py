"""The schema as the migrations make it, and as the statements use it."""

import importlib
import pkgutil
import re
from importlib.resources import files

import apsw
import apsw.ext
import pytest

from simpost.errors import StoreError
from simpost.store import shared
from simpost.store.migrations import script
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.schema import PACKAGE, VERSION
from simpost.store.sqlite.shared_verbs import numbered


@pytest.fixture(scope="module")
def empty():
    connection = apsw.Connection(":memory:")
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.execute(script(PACKAGE)).fetchall()
    yield connection
    connection.close()


def shape(connection):
    """Every table and index with its text, spaces and comments apart."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        " AND tbl_name <> 'schema_version'"
    )
    return {name: " ".join(re.sub(r"--.*", "", sql).split()) for name, sql in found}


def test_the_last_migration_is_the_version_of_the_schema(empty):
    assert empty.execute("SELECT version FROM schema_version").get == VERSION


@pytest.mark.parametrize("package", ["simpost.store.sqlite", "simpost.store.postgres"])
def test_migrations_are_numbered_without_a_gap(package):
    names = [each.name for each in files(package).joinpath("migrations").iterdir()]
    numbers = sorted(name[:4] for name in names if name.endswith(".sql"))  # two of one number, too
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_an_unknown_schema_version_is_not_migrated():
    with pytest.raises(StoreError, match="no migration from schema '0000'"):
        script(PACKAGE, "0000")


def steps(plan):
    yield plan.detail
    for step in plan.sub or ():
        yield from steps(step)


def shared_statements():
    """Those of every capability that is written once for both stores, by module and name."""
    for each in pkgutil.iter_modules(shared.__path__, f"{shared.__name__}."):
        for name, text in getattr(importlib.import_module(each.name), "SQL", {}).items():
            yield f"{each.name}.{name}", numbered(text)


STATEMENTS = {**SQL, **dict(shared_statements())}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_statement_fits_the_schema_and_walks_no_table_that_grows(empty, name):
    text = STATEMENTS[name].replace("{where}", "e.account_id = :account_id")
    plan = apsw.ext.query_info(empty, text, explain_query_plan=True).query_plan
    walked = [step for step in steps(plan) if step.startswith("SCAN")] if plan else []
    walked = [step for step in walked if step not in GIVEN]
    assert name in MAY_WALK or walked == []


GIVEN = (
    "SCAN CONSTANT ROW",
    "SCAN new",
    "SCAN seen",
    "SCAN 2 CONSTANT ROWS",
    "SCAN 3-ROW VALUES CLAUSE",
    "SCAN 20-ROW VALUES CLAUSE",
    "SCAN 50-ROW VALUES CLAUSE",
    "SCAN w",
    "SCAN h",  # a page, in pages of three states
    "SCAN c",
    "SCAN waited_for",
    "SCAN due",  # a limited number, by their index
)
MAY_WALK = {
    "any_events_kept",  # the accounts, at the start and when one is changed
    "count_in_doubt",  # a limited number
    "count_parked",  # bounded, and only after something went wrong
    "find_owner",  # the accounts; a message of each by key
    "list_accounts",
    "simpost.store.shared.api_keys.list",  # as list_accounts, at most 100 of each
    "simpost.store.shared.lifecycle_sources.list",  # at most 50 of each account
    "may_be_of_sibling",  # the ids of one part
    "simpost.store.shared.message_counts.with_parts",  # as list_accounts; messages by index
    "simpost.store.shared.message_counts.without_parts",  # the same
    "simpost.store.shared.receipt_delays.accounts",  # as list_accounts; one delivery by index
    "simpost.store.shared.verification_lists.by_prefix",  # at most 10,000, by their key
    "list_formats",  # a few of each carrier
    "list_plans",
    "newest_parked",  # a limited number, by their index
    "numbers_in_doubt",  # the same
    "old_events",  # the accounts; their oldest events by key
    "old_inbound",  # as old_messages
    "old_messages",  # the accounts; their messages by key
    "simpost.store.shared.needs.in_doubt",  # the accounts; one row of each by index
    "simpost.store.shared.needs.held",  # the same
    "simpost.store.shared.needs.stopped_webhook",  # the same
    "simpost.store.shared.needs.given_up",  # the same
    "simpost.store.shared.erasures.list_open",  # those that have not ended, by their index
    "simpost.store.shared.catalogue_sync.list",  # sources of the configuration
    "simpost.store.shared.console.count_users",  # at most 1,000
    "simpost.store.shared.console.list_users",  # the same
    "simpost.store.shared.console.carrier_id_ever",  # by the index of PostgreSQL, and only there
    "simpost.store.shared.console.delete_old",  # at most 20 sessions of each user
    "simpost.store.shared.smpp_logins.list",  # at most 20 of each account
    "simpost.store.shared.smpp_logins.release",  # the same
    "simpost.store.shared.stops.list",  # what an administrator wrote by hand
    "simpost.store.shared.stuck_jobs.pull",  # sources of the configuration
    "simpost.store.shared.stuck_jobs.webhook",  # webhook endpoints: at most 20 an account
    "simpost.store.shared.webhooks.claim",  # webhook endpoints: at most 20 an account
    "simpost.store.shared.webhooks.release",  # the same
    "parked_lengths",  # as count_parked
}


def test_every_table_names_its_key(empty):
    tables = {name: sql for name, sql in shape(empty).items() if sql.startswith("CREATE TABLE")}
    assert [name for name, sql in tables.items() if f"CONSTRAINT {name}_pk" not in sql] == []
