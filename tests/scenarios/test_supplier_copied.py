"""A supplier is copied by the command line, and an eSIM of it gets a text."""

import asyncio
import json
import subprocess
import sys

from bench.gateway import Gateway
from tests.contract.supplier import CODE, SECRET, Supplier, esim_row, plan_row, until


def source(url):
    return f"""
[[sources]]
type = "esim_access"
name = "supplier"
account = "bench"
url = "{url}"
access_code = "{CODE}"
secret_key = "{SECRET}"
allow_private = true
rate_per_s = 100
stale_after_s = 3600
when_stale = "refuse"
"""


async def simpost(gateway, *arguments):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simpost", *arguments, "--url", gateway.url),
        env={"PATH": "", "SIMPOST_ADMIN_TOKEN": gateway.token, **credentials(gateway)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=gateway.folder,
    )
    out, error = await process.communicate()
    return process.returncode, out.decode(), error.decode()


def credentials(gateway):
    return {"SIMPOST_ACCESS_CODE": gateway.access_code, "SIMPOST_SECRET": gateway.secret}


async def shows(gateway, number, text):
    found = await asyncio.to_thread(gateway.smsc, "handsets?limit=1000")
    shown = {each["number"]: [one["text"] for one in each["messages"]] for each in found}
    return text in shown.get(number, [])


async def test_a_supplier_is_copied_and_its_esim_gets_a_text(tmp_path):
    esims = [esim_row(number) for number in range(3)]
    supplier = Supplier([plan_row("P1")], esims)
    number = esims[1]["esimTranNo"]
    async with supplier.served() as url:
        gateway = await asyncio.to_thread(Gateway, tmp_path, more=source(url))
        try:
            await asyncio.to_thread(gateway.fill, 0)
            code, out, error = await simpost(gateway, "sync", "--dry-run")
            assert (code, error) == (0, "")
            assert "esims  3 added, 0 changed, 0 unchanged, 0 refused" in out
            code, out, error = await simpost(gateway, "sync")
            assert code == 2, out
            assert "repeat with --yes" in error
            code, out, error = await simpost(gateway, "sync", "--yes", "--json")
            assert (code, error) == (0, "")
            assert json.loads(out)["report"]["esims"]["added"] == 3
            _, out, _ = await simpost(gateway, "sources", "--json")
            [copy] = json.loads(out)
            assert (copy["stale"], copy["lastPull"]["state"]) == (False, "done")
            code, out, error = await simpost(gateway, "send", "hello", "--esim", number)
            assert (code, error) == (0, "")
            await until(lambda: shows(gateway, esims[1]["msisdn"], "hello"))
            supplier.faults.append((404, {}, ""))
            code, _, error = await simpost(gateway, "sync")
            assert (code, SECRET in error) == (1, False)
            assert "HTTP 404" in error
        finally:
            await asyncio.to_thread(gateway.stop)
