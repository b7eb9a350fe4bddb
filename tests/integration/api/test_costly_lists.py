"""What a list costs: the same answer is made once, and large pages come out of a budget."""

import pytest

from simpost.api.shared.costs import Costs
from simpost.api.shared.response_cache import ResponseCache

PLAN = {"packageCode": "P-NEW", "slug": "NEW_1_7", "name": "New", "location": "NO", "smsStatus": 1}


class CountedCosts(Costs):
    """Notes for whom work left the loop."""

    def __init__(self):
        super().__init__()
        self.worked = []

    async def work(self, account, work):
        self.worked.append(account.access_code)
        return await super().work(account, work)


@pytest.fixture
def settings():
    return {"costs": CountedCosts(), "listings": ResponseCache()}


async def packages(service, **filters):
    answer = (await service.open("package/list", filters)).json()
    assert answer["success"] is True
    return [plan["packageCode"] for plan in answer["obj"]["packageList"]]


async def test_a_list_of_plans_is_made_once_until_a_plan_changes(service):
    worked = service.services.costs.worked
    before = await packages(service)
    assert await packages(service) == before
    assert len(worked) == 1
    assert (await service.operate("PUT", "plans", json=[PLAN])).status_code == 200
    assert await packages(service) == sorted([*before, "P-NEW"])
    assert (await service.operate("DELETE", "plans/P-NEW")).status_code in (200, 204)
    assert await packages(service) == before
    assert len(worked) == 3


async def test_each_filter_has_its_own_answer(service):
    everything = await packages(service)
    some = await packages(service, locationCode="TH")
    top_ups = await packages(service, type="TOPUP")
    assert len({tuple(each) for each in (everything, some, top_ups)}) == 3
    assert await packages(service, locationCode="TH") == some
    assert await packages(service, type="TOPUP") == top_ups
    assert await packages(service) == everything


LARGE = [
    "messages?limit=200",
    "refusals?limit=200",
    "events?limit=200",
    "inbound?limit=200",
    "esims/26010100000001/conversation?limit=200",
]


@pytest.mark.parametrize("path", LARGE)
async def test_a_large_page_is_made_in_a_thread_and_has_a_budget(service, path):
    costs = service.services.costs
    small = path.replace("limit=200", "limit=50")
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    page, other = await service.native("GET", path), await service.native("GET", small)
    assert page.status_code == other.status_code == 200
    assert page.json() == other.json()
    assert costs.worked == ["demo"]
    account = service.services.accounts.get("demo")
    costs.charge_octets(account, 100_000_000)
    refused = await service.native("GET", path)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 1
    assert (await service.native("GET", small)).status_code == 200


async def test_a_large_page_of_esims_is_made_in_a_thread_and_has_a_budget(service):
    costs = service.services.costs
    large = {"pager": {"pageNum": 1, "pageSize": 100}}
    small = {"pager": {"pageNum": 1, "pageSize": 50}}
    page = (await service.open("esim/query", large)).json()
    assert page["obj"]["esimList"]
    assert (
        page["obj"]["esimList"]
        == (await service.open("esim/query", small)).json()["obj"]["esimList"]
    )
    assert costs.worked == ["demo"]
    costs.charge_octets(service.services.accounts.get("demo"), 100_000_000)
    refused = await service.open("esim/query", large)
    assert (refused.status_code, refused.json()["errorCode"]) == (429, "900001")
    assert (await service.open("esim/query", small)).json()["success"] is True
