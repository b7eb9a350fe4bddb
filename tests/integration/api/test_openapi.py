import json
from collections.abc import Iterator
from typing import Any

import pytest

SERVED = Any  # the `service` fixture of conftest.py


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


async def test_one_document_describes_both_apis(service: SERVED) -> None:
    document = (await service.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/open/esim/sendSms", "/v1/messages", "/healthz"} <= document["paths"].keys()
    body = document["components"]["schemas"]["SendSms"]["properties"]
    assert set(body) == {"message", "esimTranNo", "iccid"}


async def test_the_webhook_endpoints_say_that_nothing_is_delivered(service: SERVED) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    for name in ("save", "query"):
        operation = paths[f"/api/v1/open/webhook/{name}"]["post"]
        assert operation["description"].startswith("The address receives the states of messages")


async def test_every_reference_resolves(service: SERVED) -> None:
    document = (await service.client.get("/openapi.json")).json()
    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


async def test_no_framework_error_is_promised(service: SERVED) -> None:
    assert "HTTPValidationError" not in (await service.client.get("/openapi.json")).text


@pytest.mark.parametrize(
    ("path", "body", "schema"),
    [
        ("package/list", {}, "OpenPlan"),
        ("esim/query", {}, "OpenEsim"),
    ],
)
async def test_rows_have_exactly_the_described_fields(
    service: SERVED, path: str, body: Any, schema: str
) -> None:
    document = (await service.client.get("/openapi.json")).json()
    described = document["components"]["schemas"][schema]["properties"]
    types: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
        "null": (type(None),),
    }
    (rows, *_) = (
        rows
        for rows in (await service.open(path, body)).json()["obj"].values()
        if isinstance(rows, list)
    )
    for row in rows:
        assert row.keys() == described.keys()
        for name, value in row.items():
            wanted = described[name]["type"]
            allowed = [types[each] for each in ([wanted] if isinstance(wanted, str) else wanted)]
            assert any(isinstance(value, each) for each in allowed), name


async def test_the_document_is_small_enough_to_read(service: SERVED) -> None:
    document = (await service.client.get("/openapi.json")).json()
    operations = sum(len(methods) for methods in document["paths"].values())
    assert len(json.dumps(document)) < 2_200 * operations


async def test_health_needs_no_credentials(service: SERVED) -> None:
    answer = await service.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "0"})
    assert (await service.client.get("/readyz")).status_code == 200


async def test_a_failed_commit_is_503_in_the_native_api(
    service: SERVED, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simpost.errors import StoreFull

    async def fail(_message: Any) -> None:
        raise StoreFull

    monkeypatch.setattr(service.store.queue, "accept", fail)
    body = {"esimTranNo": "26010100000001", "text": "Hello"}
    answer = await service.native("POST", "messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert (await service.send()).status_code == 503


async def test_a_crash_is_a_problem_without_details(
    service: SERVED, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_message: Any) -> None:
        raise RuntimeError("the text was: hush")

    monkeypatch.setattr(service.store.queue, "accept", fail)
    body = {"esimTranNo": "26010100000001", "text": "hush"}
    answer = await service.native("POST", "messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    written = capsys.readouterr()
    assert "request_crashed" in written.out + written.err
    assert "hush" not in written.out + written.err + answer.text
