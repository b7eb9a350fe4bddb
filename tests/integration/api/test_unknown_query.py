"""A request that changes something has no query that is not read."""

import pytest

from tests.integration.api.conftest import GOOD
from tests.integration.api.test_broadcasts import clock, settings, template  # noqa: F401  fixtures

SENDS = {
    "verifications": {"esimTranNo": GOOD, "purpose": "login"},
    "broadcasts": {"name": "Works", "template": "works", "values": {"day": "Monday"}},
    "conversations": {"esimTranNo": GOOD},
    f"esims/{GOOD}/events": {"kind": "installed"},
}


@pytest.mark.parametrize("path", SENDS)
async def test_a_query_that_is_not_read_is_refused(service, template, path):  # noqa: F811
    answer = await service.native("POST", f"{path}?dryRun=true", json=SENDS[path])
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"at": "query.dryRun", "reason": "is not a field of this request"}],
    )
    assert (await service.native("GET", "messages")).json()["messages"] == []
    answer = await service.native("POST", path, json=SENDS[path])
    assert answer.status_code in (200, 201), answer.text


async def test_a_query_that_is_read_counts_and_a_get_may_have_any(service):
    body = {"esimTranNo": GOOD, "text": "Hi"}
    answer = await service.native("POST", "messages?dryRun=true", json=body)
    assert (answer.status_code, answer.json()["decision"]) == (200, "send")
    assert (await service.native("GET", f"esims/{GOOD}?_=1")).status_code == 200
