"""Twilio's Messages resource, as the unmodified npm client of Twilio uses it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from simpost.api import build
from simpost.catalogue.normalization import parse_esim
from simpost.domain.accounts import Account
from simpost.runtime.clock import wall_clock_ms
from tests.integration.api.conftest import NOW_MS, esim, serving
from tests.integration.downloads import install_npm

SERVE = Any  # the `serve` fixture of the folder above
HERE = Path(__file__).parent
SID = "ACshop"
"""The client refuses a sid that does not begin with AC."""


async def test_the_npm_client_sends_fetches_lists_and_reads_errors(serve: SERVE) -> None:
    modules = await asyncio.to_thread(
        install_npm, HERE, "node-twilio", "no test with npm's client of Twilio"
    )
    service = await serve(shapes=("twilio",), clock_ms=wall_clock_ms)
    account = Account(0, SID, "shop-secret", requests_per_s=0)
    account_id = await service.store.accounts.add_account(account)
    await service.services.accounts.reload()
    row = esim("26010100000070")
    await service.store.catalogue.save_esims(account_id, [parse_esim(row, NOW_MS)])
    to = f"+{row['msisdn']}"
    async with serving(build(service.services), grace_s=1) as port:
        node = await asyncio.create_subprocess_exec(
            *("node", str(HERE / "client.js"), f"http://localhost:{port}", SID, "shop-secret", to),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"NODE_PATH": str(modules), "NODE_OPTIONS": ""},
        )
        output, _ = await node.communicate()
    assert json.loads(output) == {
        "sent": ["queued", to, True],
        "fetched": [True, "Hello from Node"],
        "listed": ["Another", "Hello from Node"],
        "error": [400, 21211],
    }
