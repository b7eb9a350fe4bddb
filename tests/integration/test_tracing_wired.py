"""Tracing is set up when configured, and costs nothing otherwise."""

import sys

import pytest

from simpost.app import open_app
from simpost.cli.init import init
from simpost.config import load
from simpost.errors import ConfigError
from simpost.messaging.intake import Intake
from simpost.messaging.tracing import TracedIntake
from simpost.observe.tracing import start_exporting

ENDPOINT = "http://127.0.0.1:9/v1/traces"


@pytest.fixture
def settings_of(tmp_path):
    path = tmp_path / "simpost.toml"
    init(path)
    return lambda **environment: load(path, environment)


async def test_without_a_tracing_endpoint_nothing_is_wrapped(settings_of):
    async with open_app(settings_of()) as app:
        assert type(app.intake) is Intake
        assert app.dispatch._wrap_events is None
        assert app.build_server().app.__name__ == "app"


async def test_with_a_tracing_endpoint_inbound_and_outbound_are_traced(settings_of):
    environment = {"SIMPOST_TRACING__ENDPOINT": ENDPOINT}
    async with open_app(settings_of(**environment)) as app:
        assert type(app.intake) is TracedIntake
        assert app.dispatch._wrap_events is not None
        assert app.build_server().app.__name__ == "traced"


async def test_a_tracing_endpoint_without_the_extra_is_an_error_at_the_start(
    settings_of, monkeypatch
):
    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, exporter, None)
    with pytest.raises(ConfigError, match=r"pip install 'simpost\[otel\]'"):
        start_exporting(ENDPOINT, 1.0, "0")
