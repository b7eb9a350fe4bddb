"""The Python of docs/webhooks.md accepts what simpost signs, and nothing else."""

import re
from pathlib import Path
from typing import Any

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any
[SOURCE] = re.findall(
    r"^```python\n(.*?)^```$", Path("docs/webhooks.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


async def test_the_example_of_the_page_verifies_a_delivery(
    hooks: HOOKS, receiver: RECEIVER, monkeypatch
):
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    is_from_simpost = names["is_from_simpost"]
    endpoint = await hooks.add(receiver.url)
    await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    monkeypatch.setattr(names["time"], "time", lambda: hooks.now_ms / 1_000)
    assert is_from_simpost(endpoint.secret, got.headers, got.body)
    assert not is_from_simpost(endpoint.secret, got.headers, got.body + b" ")
    monkeypatch.setattr(names["time"], "time", lambda: hooks.now_ms / 1_000 + 301)
    assert not is_from_simpost(endpoint.secret, got.headers, got.body)
