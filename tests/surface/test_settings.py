from __future__ import annotations

from pathlib import Path

import pytest

from simpost.cli.init import init
from simpost.config import Settings, load
from simpost.config.carriers import CARRIER_TYPES
from simpost.config.console import ConsoleSettings
from simpost.config.conversations import ConversationSettings
from simpost.config.lifecycle import LifecycleSettings
from simpost.config.mcp import McpSendingSettings
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.config.preferences import PreferenceSettings
from simpost.config.reference import with_reference
from simpost.config.section import Section
from simpost.config.sender_rules import RegisteredSenderSettings, SenderRuleSettings
from simpost.config.settings import (
    EventSettings,
    LogSettings,
    MessageSettings,
    NumberSettings,
    RouteSettings,
    ServerSettings,
    TracingSettings,
)
from simpost.config.smpp_server import SmppServerSettings
from simpost.config.sources import SOURCE_TYPES
from simpost.config.store import NodeSettings, StoreSettings
from simpost.config.verifications import VerificationSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
SECTIONS: dict[str, type[Section]] = {
    "[server]": ServerSettings,
    "[store]": StoreSettings,
    "[node]": NodeSettings,
    "[messages]": MessageSettings,
    "[events]": EventSettings,
    "[policy]": PolicySettings,
    "[preferences]": PreferenceSettings,
    "[verifications]": VerificationSettings,
    "[lifecycle]": LifecycleSettings,
    "[conversations]": ConversationSettings,
    **{f'[[carriers]]` with `type = "{name}"': model for name, model in CARRIER_TYPES.items()},
    "[[routes]]": RouteSettings,
    "[[numbers]]": NumberSettings,
    "[[open_hours]]": OpenHoursSettings,
    "[[sender_rules]]": SenderRuleSettings,
    "[[registered_senders]]": RegisteredSenderSettings,
    "[[mcp_sending]]": McpSendingSettings,
    **{f'[[sources]]` with `type = "{name}"': model for name, model in SOURCE_TYPES.items()},
    "[smpp_server]": SmppServerSettings,
    "[console]": ConsoleSettings,
    "[log]": LogSettings,
    "[tracing]": TracingSettings,
}


def test_the_reference_is_as_the_code_has_it() -> None:
    text = DOCUMENT.read_text("utf-8")
    command = "python -m simpost.config.reference docs/configuration.md"
    assert with_reference(text) == text, f"generate it again: {command}"


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_setting_is_documented(heading: str) -> None:
    table = DOCUMENT.read_text("utf-8").partition(f"### `{heading}`")[2].partition("###")[0]
    for key, field in SECTIONS[heading].model_fields.items():
        assert f"| `{key}` |" in table
        assert field.description
        assert field.description in table


def test_the_reference_lists_every_section() -> None:
    assert {heading.partition("]")[0].strip("[") for heading in SECTIONS} == set(
        Settings.model_fields
    )


def test_the_file_of_init_names_every_section_and_only_settings(tmp_path: Path) -> None:
    path = tmp_path / "simpost.toml"
    init(path)
    text = path.read_text("utf-8")
    assert load(path) == load(path)
    for heading in SECTIONS:
        assert heading.partition("`")[0] in text
    commented = (line.lstrip("# ") for line in text.splitlines() if " = " in line)
    known = {key for model in SECTIONS.values() for key in model.model_fields}
    assert {line.partition(" = ")[0] for line in commented} <= known
