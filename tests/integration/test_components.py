"""Components of the process: a failing one stops the process."""

import asyncio
import inspect
import socket

import pytest

import simpost.runtime.service
from simpost.app import App, open_app
from simpost.cli.init import init
from simpost.config import load


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "simpost.toml"
    init(path)
    return load(path, {})


@pytest.fixture
def listener(monkeypatch):
    monkeypatch.setattr(
        simpost.runtime.service, "tune_interpreter", lambda: None
    )  # it is this process's
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


class Mistake(Exception):
    """A bug in a component."""


async def test_a_component_that_fails_stops_the_process(settings, listener, monkeypatch):
    served = asyncio.Event()

    async def fail():
        await served.wait()
        raise Mistake

    async with open_app(settings) as app:
        monkeypatch.setattr(app.maintenance, "run", fail)
        with pytest.RaisesGroup(Mistake):
            await app.run([listener], served.set)


async def test_a_lane_that_fails_stops_the_process(settings, listener, monkeypatch):
    served = asyncio.Event()

    async def fail():
        await served.wait()
        raise Mistake

    async with open_app(settings) as app:
        monkeypatch.setattr(app.dispatch.result_writer, "run", fail)
        with pytest.RaisesGroup(pytest.RaisesGroup(Mistake)):
            await app.run([listener], served.set)


def test_the_constructor_of_the_app_only_puts_components_together():
    assert len(inspect.getsource(App.__init__).splitlines()) < 40
