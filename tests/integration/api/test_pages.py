import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simpost.api.interactive_docs import SWAGGER_SHA256
from simpost.api.open.routes import ENDPOINTS

SERVED = Any  # the `service` fixture of conftest.py


def links(page: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', page)


async def test_the_root_links_what_there_is_and_every_link_answers(service: SERVED) -> None:
    answer = await service.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert links(answer.text) == ["docs", "openapi.json", "healthz", "readyz"]
    for link in links(answer.text):
        assert (await service.client.get(f"/{link}")).status_code == 200


async def test_the_root_links_the_handsets_where_there_are_some(
    serve: Callable[..., Awaitable[Any]],
) -> None:
    service = await serve(handsets_url="http://127.0.0.1:8081/")
    assert links((await service.client.get("/")).text)[0] == "http://127.0.0.1:8081/"


async def test_the_docs_list_every_operation_of_the_document(service: SERVED) -> None:
    document = (await service.client.get("/openapi.json")).json()
    page = (await service.client.get("/docs/endpoints")).text
    described = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert {f"POST {path}" for path in ENDPOINTS} <= described
    assert set(re.findall(r"<code>([^<]*)</code></th>", page)) == described
    assert "The address receives the states of messages" in page


@pytest.mark.parametrize("path", ["/", "/docs/endpoints"])
async def test_a_page_loads_nothing_and_runs_nothing(service: SERVED, path: str) -> None:
    answer = await service.client.get(path)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.search(r"<script|<img|<link|src=", answer.text)


async def test_the_interactive_page_loads_files_of_this_package_only(service: SERVED) -> None:
    answer = await service.client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert not re.search(r"unsafe|http", policy)
    names = re.findall(r'(?:src|href)="(docs/files/[^"]+)"', answer.text)
    assert len(names) == 4
    for name in names:
        file = await service.client.get(f"/{name}", headers={"Accept-Encoding": "gzip"})
        assert file.status_code == 200
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        wanted = SWAGGER_SHA256.get(name.rpartition("/")[2])
        assert wanted in (None, hashlib.sha256(file.content).hexdigest())
    other = await service.client.get("/docs/files/0000000000000000/docs.js")
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/endpoints", "/healthz", "/readyz"])
async def test_a_head_is_answered_as_a_get(service: SERVED, path: str) -> None:
    assert (await service.client.head(path)).status_code == 200
    assert (await service.client.get(path)).status_code == 200
