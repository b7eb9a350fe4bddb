"""Fault files: valid content, and the error messages for the rest."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.errors import ConfigError
from simpost.smpp import Status
from simpost.smsc import faults as f
from simpost.smsc.fault_file import (
    FAULT_NAMES,
    MAX_OCTETS,
    faults_view,
    parse_faults,
    parse_faults_json,
    read_faults,
)
from simpost.smsc.rules import _APPLY

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "faults.md").read_text("utf-8")
EXAMPLES = sorted((ROOT / "examples" / "faults").glob("*.toml"))
KINDS = {f.fault_name(kind): kind for kind in (*_APPLY, f.RefuseBind)}  # type: ignore[arg-type]


def rows(first_cell: str) -> list[str]:
    return re.findall(rf"^\| `{re.escape(first_cell)}` \|.*$", DOCUMENT, re.MULTILINE)


def test_every_kind_of_fault_has_an_effect() -> None:
    assert set(FAULT_NAMES) == set(KINDS)


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_every_fault_has_a_row_with_its_parameters_and_their_defaults(name: str) -> None:
    [row] = rows(name)
    parameters = row.split("|")[2]
    said: list[str] = []
    for field in msgspec.structs.fields(KINDS[name]):
        said.append(f"`{field.encode_name}`")
        if field.default not in {msgspec.NODEFAULT, None}:
            default = field.default
            shown = f"{default:g}" if isinstance(default, float) else json.dumps(default)
            said[-1] += f" = {shown}"
    assert parameters.strip() == ", ".join(said)


@pytest.mark.parametrize("field", msgspec.structs.fields(f.When), ids=lambda field: field.name)
def test_every_condition_has_a_row(field: msgspec.structs.FieldInfo) -> None:
    assert len(rows(field.encode_name)) == 1


def test_conditions_are_documented_in_their_counting_order() -> None:
    names = [field.name for field in msgspec.structs.fields(f.When)]
    assert sorted(names, key=lambda name: DOCUMENT.index(f"| `{name}` |")) == names


def test_the_states_and_labels_of_the_page_are_those_of_the_code() -> None:
    for name in (*f.StateName.__args__, *f.ReceiptLabel.__args__):
        assert f"`{name}`" in DOCUMENT
    assert f"at most {f.MAX_RULES:,} `[[rules]]`" in DOCUMENT


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_the_output_on_the_page_can_be_parsed(text: str) -> None:
    assert parse_faults(text.encode()).rules


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_can_be_parsed(path: Path) -> None:
    assert read_faults(path).rules


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


GOOD = """\
[[rules]]
when = { every = 200 }
do = { fault = "refuse", status = "ESME_RTHROTTLED" }

[[rules]]
name = "second"
[rules.when]
to = "668"
[rules.do]
fault = "slow"
seconds = 0.5
"""


def test_a_file_becomes_rules_in_its_order() -> None:
    assert parse_faults(GOOD.encode()) == f.Faults(
        (
            f.Rule(do=f.Refuse(status="ESME_RTHROTTLED"), when=f.When(every=200)),
            f.Rule(do=f.Slow(seconds=0.5), when=f.When(to="668"), name="second"),
        )
    )


def test_shown_rules_can_be_set_again() -> None:
    faults = parse_faults(GOOD.encode())
    view = faults_view(faults)
    assert view["rules"][0] == {
        "do": {"fault": "refuse", "status": "ESME_RTHROTTLED"},
        "when": {"every": 200},
    }
    assert parse_faults_json(json.dumps(view).encode()) == faults


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"slow"', '"slwo"', "line 10: rule 2, do.fault: unknown fault 'slwo'; known faults: "),
        ("seconds = 0.5", 'seconds = "x"', "line 11: rule 2, do.seconds: Expected `float`"),
        ("seconds = 0.5", "seconds = -1", "line 11: rule 2, do.seconds: Expected `float` >= 0"),
        ("seconds = 0.5", "", "rule 2, do: Object missing required field `seconds`"),
        ("seconds = 0.5", "secs = 0.5", "rule 2, do: Object "),
        ("every = 200", "evrey = 200", "line 2: rule 1, when: Object contains unknown field"),
        ("every = 200", "every = 0", "line 2: rule 1, when.every: Expected `int` >= 1"),
        ("every = 200", "share = 1.5", "line 2: rule 1, when.share: Expected `float` <= 1"),
        ("every = 200", "bound = 1", "rule 1: when.bound: only for refuse_bind"),
        ("every = 200", 'bind = "both"', "line 2: rule 1, when.bind: Invalid enum value 'both'"),
        ('to = "668"', 'to = "+668"', "line 8: rule 2, when.to: "),
        (
            "ESME_RTHROTTLED",
            "ESME_RTHROTLED",
            "rule 1, do: 'ESME_RTHROTLED' is not an error status",
        ),
        ("ESME_RTHROTTLED", "ESME_ROK", "rule 1, do: 'ESME_ROK' is not an error"),
        ("[rules.do]", "[rules.do", "(at line 9, column"),
        ("[[rules]]\nwhen", "[[rule]]\nwhen", "Object contains unknown field `rule`"),
    ],
)
def test_a_mistake_is_reported_with_its_position_and_reason(
    old: str, new: str, message: str
) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as refused:
        parse_faults(GOOD.replace(old, new).encode(), "my.toml")
    assert str(refused.value).startswith("my.toml")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "Expected `object`"),
        (b'{"rules": [{"do": {"fault": "nothing"}}]}', "rule 1, do.fault: unknown fault"),
        (b'{"rules": [{"when": {}}]}', "rule 1: Object missing required field `do`"),
    ],
)
def test_a_mistake_in_json_is_reported_too(body: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_faults_json(body)


def test_a_bind_has_no_destination() -> None:
    with pytest.raises(ConfigError, match="a bind has no destination"):
        parse_faults_json(
            b'{"rules": [{"do": {"fault": "refuse_bind", "status": 5}, "when": {"to": "1"}}]}'
        )


@pytest.mark.parametrize(
    ("do", "when", "message"),
    [
        ({"fault": "lose_receipt"}, {"call": "esims"}, "do: lose_receipt is no fault of a call"),
        ({"fault": "refuse", "status": 8}, {"call": "plans"}, "do: refuse is no fault of a call"),
        ({"fault": "refuse_bind", "status": 8}, {"call": "plans"}, "do: refuse_bind is no fault"),
        ({"fault": "drop"}, {"call": "esims", "bind": "receiver"}, "when.bind: calls come by HTTP"),
        ({"fault": "drop"}, {"call": "esims", "to": "89"}, "when.to: esims names no eSIM"),
        (
            {"fault": "drop"},
            {"call": "esims", "upstream": "twilio"},
            "when.call: twilio has no esims",
        ),
        ({"fault": "short_list"}, {}, "do: short_list needs when.call = plans or esims"),
        ({"fault": "short_list"}, {"call": "esim"}, "do: short_list needs when.call"),
        ({"fault": "drop"}, {"call": "orders"}, "when.call: Invalid enum value 'orders'"),
    ],
)
def test_a_rule_for_a_call_that_cannot_match_is_refused(do: object, when: object, message: str):
    body = json.dumps({"rules": [{"do": do, "when": when}]})
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_faults_json(body.encode())


def test_more_rules_than_the_limit_are_refused() -> None:
    rule = '[[rules]]\ndo = { fault = "lose_receipt" }\n'
    assert len(parse_faults((rule * f.MAX_RULES).encode()).rules) == f.MAX_RULES
    with pytest.raises(ConfigError, match=f"length <= {f.MAX_RULES}"):
        parse_faults((rule * (f.MAX_RULES + 1)).encode())
    with pytest.raises(ConfigError, match="larger than"):
        parse_faults(b"#" * (MAX_OCTETS + 1))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: No such file"):
        read_faults(tmp_path / "nothing.toml")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_octets_parse_or_raise_config_error(octets: bytes) -> None:
    for parse in (parse_faults, parse_faults_json):
        with contextlib.suppress(ConfigError):
            assert len(parse(octets).rules) <= f.MAX_RULES


def test_a_status_is_a_name_or_a_number() -> None:
    assert f.status_code("ESME_RMSGQFUL") == Status.ESME_RMSGQFUL
    assert f.status_code(0x400) == 0x400
