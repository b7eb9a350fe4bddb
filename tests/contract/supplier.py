"""A supplier with the documented API of eSIM Access: package/list and esim/query, over HTTP."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

CODE, SECRET = "supplier-code", "supplier-secret"


def esim_row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "esimTranNo": f"260101{number:08d}",
        "orderNo": f"B{number:014d}",
        "iccid": f"89852000{number:06d}12345",
        "msisdn": f"6681{number:07d}",
        "smsStatus": 1,
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P1", "createTime": "2020-11-01T00:00:00+0000"}],
        **changes,
    }


def plan_row(code: str, **changes: Any) -> dict[str, Any]:
    row = {"packageCode": code, "slug": f"TH_{code}", "name": "Thailand", "smsStatus": 1}
    return {**row, "location": "TH", "price": 45000, "dataType": 1, **changes}


class Supplier:
    """Answers as documented. `faults` are answered first: (status, headers, body)."""

    def __init__(self, plans: Iterable[Any] = (), esims: Iterable[Any] = ()) -> None:
        self.plans = list(plans)
        self.esims = list(esims)
        self.faults: deque[tuple[int, dict[str, str], str]] = deque()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.after_page: Callable[[int], object] = lambda number: None

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/api/v1/open/package/list", self._packages)
        app.router.add_post("/api/v1/open/esim/query", self._query)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield f"http://127.0.0.1:{port}/api/v1/open"
        finally:
            await runner.cleanup()

    async def _read(self, request: web.Request) -> tuple[Any, web.Response | None]:
        body = await request.read()
        given = request.headers
        signed = given["RT-Timestamp"] + given["RT-RequestID"] + given["RT-AccessCode"]
        digest = hmac.new(SECRET.encode(), signed.encode() + body, hashlib.sha256).hexdigest()
        if given["RT-AccessCode"] != CODE or given["RT-Signature"] != digest:
            return None, failure("101003", "request signature mismatch")
        if self.faults:
            status, headers, text = self.faults.popleft()
            return None, web.Response(status=status, headers=headers, text=text)
        asked = json.loads(body)
        self.asked.append((request.path.rpartition("open/")[2], asked))
        return asked, None

    async def _packages(self, request: web.Request) -> web.Response:
        asked, refused = await self._read(request)
        if refused:
            return refused
        wanted = asked.get("type", "BASE")
        found = [row for row in self.plans if ("TOPUP" in row["packageCode"]) == (wanted != "BASE")]
        return success({"packageList": found})

    async def _query(self, request: web.Request) -> web.Response:
        asked, refused = await self._read(request)
        if refused:
            return refused
        number, size = asked["pager"]["pageNum"], asked["pager"]["pageSize"]
        found = self.esims
        if since := asked.get("startTime"):
            found = [row for row in found if row["packageList"][0]["createTime"] >= since]
        rows = found[(number - 1) * size : number * size]
        pager = {"pageNum": number, "pageSize": size, "total": len(found)}
        answer = success({"esimList": rows, "pager": pager})
        self.after_page(number)
        return answer


def success(obj: Any) -> web.Response:
    return web.json_response({"success": True, "errorCode": "0", "errorMsg": None, "obj": obj})


def failure(code: str, words: str) -> web.Response:
    return web.json_response({"success": False, "errorCode": code, "errorMsg": words, "obj": None})


async def until(condition: Callable[[], Awaitable[bool]], patience_s: float = 20.0) -> None:
    """Wait until a condition that may be async holds."""
    async with asyncio.timeout(patience_s):
        while not await condition():
            await asyncio.sleep(0.01)
