"""The Python blocks of docs/smsc.md, run as they stand."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

from tests.integration.smsc import esme

BLOCKS = re.findall(
    r"^```python\n(.*?)^```$", Path("docs/smsc.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


async def run(source, names):
    code = compile(source, "smsc.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result


def is_started(simulator):
    try:
        return bool(simulator and simulator.http_port)
    except AssertionError:
        return False


async def test_a_simulator_starts_and_stops_in_a_program(capsys):
    await run(BLOCKS[0], {})
    port, http_port, submits = capsys.readouterr().out.split()
    assert int(port) != int(http_port)
    assert submits == "0"


async def test_a_behaviour_decides_each_submit():
    names = {}
    await run(BLOCKS[1], names)
    behaviour = names["Throttled"]()
    statuses = [behaviour.decide(esme.submit()).status for _ in range(3)]
    throttled = names["Status"].ESME_RTHROTTLED
    assert [each == throttled for each in statuses] == [True, False, True]


async def test_a_program_waits_for_submits_and_sends_from_a_handset(capsys, monkeypatch):
    assert len(BLOCKS) == 3
    monkeypatch.setattr(esme, "PASSWORD", "secret")
    names = {}
    running = asyncio.create_task(run(BLOCKS[2], names))
    async with asyncio.timeout(60):
        while not is_started(names.get("simulator")):
            await asyncio.sleep(0.01)
        async with esme.binding(names["simulator"], esme.LenientEsme()) as client:
            await client.send("Hello", "66812345678")
            await running
    assert capsys.readouterr().out.startswith("66812345678 ")
    await names["simulator"].stop()
