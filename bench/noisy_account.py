"""How long one account waits while another one does its worst: `python -m bench.noisy_account`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from bench.gateway import HOST, Gateway

PLANS = 1_500
THIEVES = 8
PAIRS = 3
SENDS = 300
MIXED = "aא" * 2_500


def fill(gateway: Gateway) -> str:
    [esim] = gateway.fill(1)
    plan = {"location": "TH", "dataType": 1, "smsStatus": 1, "description": "x" * 200}
    rows = [
        plan | {"packageCode": f"P-{at}", "slug": f"P_{at}", "name": "P"} for at in range(PLANS)
    ]
    gateway.operate("PUT", "plans", rows)
    thief = {"accessCode": "thief", "secret": "thief-secret-0123", "requestsPerSecond": 0}
    gateway.operate("POST", "accounts", thief)
    return esim


async def steal(url: str, esim: str) -> None:
    """The dearest that an account may ask for, again and again."""
    headers = {"RT-AccessCode": "thief", "RT-SecretKey": "thief-secret-0123"}
    dry = {"esimTranNo": esim, "text": MIXED, "dryRun": True}
    large = json.dumps({"text": ["x"] * 25_000}).encode()
    kinds = [
        ("/api/v1/open/package/list", b"{}"),
        ("/v1/messages", json.dumps(dry).encode()),
        ("/v1/messages", large),
    ]
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        while True:
            for path, body in kinds:
                head = {"Content-Type": "application/json"}
                await client.post(path, content=body, headers=head)


async def send(url: str, esim: str, credentials: dict[str, str]) -> list[float]:
    times = []
    async with httpx2.AsyncClient(base_url=url, headers=credentials, timeout=60) as client:
        for _ in range(SENDS):
            started_s = time.perf_counter()
            body = {"esimTranNo": esim, "message": "hello"}
            answer = await client.post("/api/v1/open/esim/sendSms", json=body)
            times.append(time.perf_counter() - started_s)
            assert answer.json()["success"]
    return sorted(times)


async def measure(gateway: Gateway, esim: str) -> None:
    url = f"http://{HOST}:{gateway.port}"
    for count in (0, THIEVES) * PAIRS:
        command = [sys.executable, "-m", "bench.noisy_account", url, esim]
        thieves = [await asyncio.create_subprocess_exec(*command)] if count else []
        times = await send(url, esim, gateway.credentials)
        for thief in thieves:
            thief.kill()
            await thief.wait()
        p50, p99 = (1000 * times[int(SENDS * share)] for share in (0.5, 0.99))
        load = os.getloadavg()[0]
        print(f"{count} thieves: p50 {p50:.1f} ms, p99 {p99:.1f} ms, load average {load:.1f}")


async def steal_all(url: str, esim: str) -> None:
    os.nice(19)  # what clients compute themselves is done elsewhere in the field
    await asyncio.gather(*(steal(url, esim) for _ in range(THIEVES)))


def main() -> None:
    if len(sys.argv) == 3:
        asyncio.run(steal_all(*sys.argv[1:]))
        return
    with tempfile.TemporaryDirectory() as folder, Gateway(Path(folder)) as gateway:
        asyncio.run(measure(gateway, fill(gateway)))


if __name__ == "__main__":
    main()
