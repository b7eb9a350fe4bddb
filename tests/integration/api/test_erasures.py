"""The administrator erases the texts and numbers of the traveller behind an eSIM."""

import pytest

from tests.integration.api.conftest import GOOD

pytestmark = pytest.mark.asyncio

PATH = f"accounts/demo/esims/{GOOD}"
TEXT = {"esimTranNo": GOOD, "text": "your room is 42"}


async def forget(service, **body):
    answer = await service.operate("POST", f"{PATH}/forget", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_message_is_cancelled_and_erased_and_its_record_stays(service):
    sent = await service.native("POST", "messages", json=TEXT)
    message_id = sent.json()["id"]
    done = await forget(service, requestedBy="Ana")
    assert (done["esimTranNo"], done["requestedBy"], done["endedAt"]) == (GOOD, "Ana", None)
    assert (done["erased"]["messages"], done["erased"]["inbound"]) == (1, 0)
    found = (await service.native("GET", f"messages/{message_id}")).json()
    assert (found["state"], found["text"], found["textAbsence"]) == ("cancelled", None, "forgotten")
    listed = (await service.operate("GET", f"{PATH}/erasures")).json()
    assert listed == {"erasures": [done], "next": None}


async def test_the_esim_has_no_number_until_it_is_imported_again(service):
    before = (await service.operate("GET", f"esims/{GOOD}")).json()
    assert before["msisdn"]
    assert (await forget(service))["requestedBy"] == "admin"
    after = (await service.operate("GET", f"esims/{GOOD}")).json()
    assert (after["msisdn"], after["imsi"], after["iccid"]) == ("", "", before["iccid"])
    assert before["msisdn"] not in str(after)


async def test_it_can_be_repeated(service):
    await forget(service)
    assert not any((await forget(service))["erased"].values())
    page = (await service.operate("GET", f"{PATH}/erasures", params={"limit": 1})).json()
    assert len(page["erasures"]) == 1
    rest = {"limit": 1, "cursor": page["next"]}
    assert (await service.operate("GET", f"{PATH}/erasures", params=rest)).json()["next"] is None


@pytest.mark.parametrize("path", ["accounts/demo/esims/unknown", f"accounts/other/esims/{GOOD}"])
async def test_an_esim_that_the_account_does_not_have_is_not_found(service, path):
    answer = await service.operate("POST", f"{path}/forget", json={})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "This account has no such eSIM, and nothing is stored of it."


async def test_an_account_cannot_erase(service):
    answer = await service.native("POST", f"admin/{PATH}/forget", json={})
    assert answer.status_code == 401
