"""`simpost reload`: a running service reads its configuration again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simpost.cli.options import AsJson, Config, OperatorToken, Url, operator_server


def reload(
    url: Url = None,
    config: Config = None,
    operator_token: OperatorToken = None,
    as_json: AsJson = False,
) -> None:
    """Have a running service read its configuration again.

    Carriers, routes and [messages] hold at once, without losing a message. A file that is not right
    changes nothing.
    """
    done = operator_server(url, config, operator_token).post("/v1/operator/reload", {})
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        print("\n".join(lines_of(done)))


def lines_of(done: dict[str, Any]) -> Iterator[str]:
    """What the reload did, in sentences."""
    for verb in ("added", "changed", "removed"):
        if done[verb]:
            yield f"carriers {verb}: {', '.join(done[verb])}"
    if done["sections"]:
        yield f"in force: {', '.join(done['sections'])}"
    if not any(done[key] for key in ("added", "changed", "removed", "sections")):
        yield "Nothing changed."
    if done["needsRestart"]:
        yield f"changed, but read at the start only: {', '.join(done['needsRestart'])}"
