"""Tags of eSIMs: imported, set, searched, and the audience of a broadcast."""

import pytest

from simpost.catalogue.normalization import parse_esim
from simpost.catalogue.row_fields import RefusedRow
from tests.integration.api.conftest import GOOD, NOW_MS, esim

OTHER = "26010100000002"


async def tags_of(service, tran_no=GOOD):
    return (await service.native("GET", f"esims/{tran_no}")).json()["tags"]


async def test_tags_are_imported_and_stay_without_the_field(service):
    async def save(**fields):
        row = {"esimTranNo": GOOD} | fields
        return (await service.operate("PUT", "accounts/demo/esims", json=[row])).json()

    assert (await save(tags=["VIP", "pilot"]))["tagged"] == 1
    assert (await save(tags="pilot; vip,"))["tagged"] == 0
    assert (await save(msisdn="66812345678"))["tagged"] == 0
    assert await tags_of(service) == ["pilot", "vip"]
    shown = (await service.operate("GET", f"esims/{GOOD}")).json()
    assert shown["tags"] == ["pilot", "vip"]
    assert "tags" not in shown["document"]
    found = (await service.operate("GET", "esims?tag=vip")).json()["esims"]
    assert [each["esimTranNo"] for each in found] == [GOOD]
    assert (await save(tags=[]))["tagged"] == 1
    assert await tags_of(service) == []


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (["no spaces"], "lowercase letters"),
        ("x" * 33, "up to 32"),
        ([f"t{number}" for number in range(21)], "has 21 tags, 20 at most"),
        ([1], "list of texts"),
        ({"a": 1}, "list of texts"),
    ],
)
def test_a_row_with_other_tags_is_refused(tags, reason):
    with pytest.raises(RefusedRow, match=reason):
        parse_esim(esim(GOOD) | {"tags": tags}, NOW_MS)


async def test_tags_are_set_added_removed_and_searched(service):
    answer = await service.native("PUT", f"esims/{GOOD}/tags", json={"tags": ["b", "a", "b"]})
    assert (answer.status_code, answer.json()["tags"]) == (200, ["a", "b"])
    body = {"esimTranNos": [GOOD, OTHER, "none"], "add": ["vip"], "remove": ["a"]}
    answer = await service.native("POST", "esims/tags", json=body)
    assert answer.json() == {
        "changed": 2,
        "refused": [{"esimTranNo": "none", "reason": "esim_unknown"}],
    }
    page = (await service.native("GET", "esims?tag=vip&limit=1")).json()
    rest = (await service.native("GET", f"esims?tag=vip&cursor={page['next']}")).json()
    assert {each["esimTranNo"]: each["tags"] for each in page["esims"] + rest["esims"]} == {
        GOOD: ["b", "vip"],
        OTHER: ["vip"],
    }
    assert rest["next"] is None
    for wrong in ({"add": ["a"], "remove": ["a"]}, {}, {"add": ["A"]}, {"add": ["a b"]}):
        answer = await service.native("POST", "esims/tags", json={"esimTranNos": [GOOD]} | wrong)
        assert answer.status_code == 422, wrong
    assert (await service.native("PUT", "esims/none/tags", json={"tags": []})).status_code == 404


async def test_a_broadcast_goes_to_the_esims_with_a_tag(service):
    made = {"name": "works", "texts": {"en": "Works"}, "defaultLanguage": "en"}
    assert (await service.native("POST", "templates", json=made)).status_code == 201
    await service.native("PUT", f"esims/{GOOD}/tags", json={"tags": ["vip"]})
    body = {"name": "W", "template": "works", "audience": {"tags": ["vip"]}}
    found = (await service.native("POST", "broadcasts", json=body | {"dryRun": True})).json()
    assert found["total"] == 1
    begun = (await service.native("POST", "broadcasts", json=body)).json()
    assert begun["audience"]["tags"] == ["vip"]
