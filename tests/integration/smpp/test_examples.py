"""The examples in the package's docstring run as they are printed."""

import asyncio
import re
import textwrap

import simpost.smpp


def examples(port: int) -> list[dict[str, object]]:
    """Each example's names, after its definitions were made."""
    text = (simpost.smpp.__doc__ or "").replace("2775", str(port))
    blocks = re.findall(r"(?:^    .*\n|^\n)+", text, re.MULTILINE)
    found = []
    for block in blocks:
        if block.strip():
            names: dict[str, object] = {"asyncio": asyncio, **vars(simpost.smpp)}
            exec(textwrap.dedent(block), names)
            found.append(names)
    return found


async def test_the_client_of_the_docstring_talks_to_the_server_of_the_docstring(
    unused_tcp_port, capsys
):
    client, centre = examples(unused_tcp_port)
    listening, enough = asyncio.Event(), asyncio.Event()

    class Clock:
        """The hour of the example ends when the test sets an event."""

        async def sleep(self, _seconds):
            listening.set()
            await enough.wait()

    centre["asyncio"] = Clock()
    serving = asyncio.ensure_future(centre["main"]())
    await listening.wait()
    await client["main"]()
    assert capsys.readouterr().out == "0 1\n"
    enough.set()
    await serving
