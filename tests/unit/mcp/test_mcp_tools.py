"""Schemas are strict and bounded, and annotations say what a tool does."""

import pytest

from simpost.mcp.gateway import Access, Sending
from simpost.mcp.server import describe
from simpost.mcp.tools.catalogue import TOOLS
from simpost.mcp.tools.sends import _check_allowed
from simpost.mcp.tools.tool import ToolRefusal, schema_of

SENDING = Sending(
    frozenset({"26010100000001"}), frozenset({"support"}), frozenset({"welcome"}), False, 20
)
REQUEST = {"esimTranNo": "26010100000001", "category": "support", "template": "welcome"}


def leaves(schema):
    """All schemas inside a schema that are of one type."""
    if isinstance(schema, dict):
        if "type" in schema and not isinstance(schema["type"], dict):
            yield schema
        for each in schema.values():
            yield from leaves(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from leaves(each)


@pytest.mark.parametrize("name", TOOLS)
def test_arguments_are_strict_and_bounded(name):
    schema = schema_of(TOOLS[name].arguments)
    assert schema["type"] == "object"
    for each in leaves(schema):
        match each["type"]:
            case "string":
                bounded = {"pattern", "enum", "maxLength"} & each.keys()
                assert bounded, each
                assert not each.get("pattern", "").endswith(("*", "+", "*$", "+$"))
            case "integer":
                assert "maximum" in each
            case "array":
                assert "maxItems" in each
            case "object":
                assert each.get("additionalProperties") is False or "maxProperties" in each


@pytest.mark.parametrize("name", TOOLS)
def test_an_unknown_argument_is_refused_by_its_name_alone(name):
    with pytest.raises(ToolRefusal) as caught:
        TOOLS[name].parse({"surprise": "s3cret-value"})
    assert "s3cret-value" not in str(caught.value)


def test_arguments_of_a_wrong_form_are_refused_without_their_value():
    with pytest.raises(ToolRefusal) as caught:
        TOOLS["look_up_message"].parse({"messageId": "../../admin/accounts"})
    assert "$.messageId" in str(caught.value)
    assert "admin" not in str(caught.value)


def test_only_tools_that_send_are_no_read_only_tools():
    changing = {name for name in TOOLS if not describe(name).annotations.read_only_hint}
    assert changing == {"prepare_message", "send_message"}


def test_sending_is_destructive_reaches_people_and_may_be_repeated():
    hints = describe("send_message").annotations
    assert (hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
        True,
        True,
        True,
    )
    hints = describe("prepare_message").annotations
    assert (hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
        False,
        False,
        False,
    )


def test_sending_has_neither_a_text_nor_a_recipient():
    assert list(describe("send_message").input_schema["properties"]) == ["confirmToken"]


def test_no_tool_sends_or_checks_a_code():
    for name in TOOLS:
        properties = describe(name).input_schema["properties"]
        assert "code" not in properties
        if "category" in properties:
            assert "code" not in properties["category"]["enum"]


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_is_absent_without_its_scope_or_the_switch(name):
    tool = TOOLS[name]
    every = frozenset(each.scope for each in TOOLS.values())
    assert tool.is_offered(Access("demo", "k", every, SENDING))
    assert tool.is_offered(Access("demo", "k", every, None)) is not tool.sends
    if tool.scope:
        assert not tool.is_offered(Access("demo", "k", every - {tool.scope}, SENDING))


def test_what_is_on_the_list_may_be_sent():
    _check_allowed(SENDING, REQUEST)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"esimTranNo": "26010100000002"}, "eSIM"),
        ({"category": "promotion"}, "category"),
        ({"template": "other"}, "template"),
        ({"template": None, "text": "Hi"}, "free text"),
    ],
)
def test_what_is_not_on_the_list_is_refused(change, word):
    with pytest.raises(ToolRefusal, match=word):
        _check_allowed(SENDING, REQUEST | change)


def test_nothing_may_be_sent_where_sending_is_off():
    with pytest.raises(ToolRefusal, match="not switched on"):
        _check_allowed(None, REQUEST)
