from typing import Any

import pytest

SERVED = Any  # the `service` fixture of conftest.py


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer admin-toke"},
        {"Authorization": "Basic admin-token"},
        {"Authorization": "admin-token"},
        {"RT-AccessCode": "demo", "RT-SecretKey": "demo-secret"},
    ],
)
@pytest.mark.parametrize("path", ["accounts", "messages?account=demo"])
async def test_only_the_admin_token_opens_the_admin_endpoints(
    service: SERVED, headers: dict[str, str], path: str
) -> None:
    answer = await service.client.get(f"/v1/admin/{path}", headers=headers)
    assert problem(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_without_a_configured_token_nobody_is_the_admin(serve: Any) -> None:
    service = await serve(admin_token="")
    headers = {"Authorization": "Bearer "}
    answer = await service.client.get("/v1/admin/accounts", headers=headers)
    assert problem(answer) == (401, "unauthorized")


async def test_accounts_are_listed_without_their_secrets(service: SERVED) -> None:
    answer = await service.operate("GET", "accounts")
    assert [each["accessCode"] for each in answer.json()["accounts"]] == ["demo", "other"]
    assert "secret" not in answer.text


async def test_a_new_account_gets_a_secret_and_can_send_at_once(service: SERVED) -> None:
    answer = await service.operate("POST", "accounts", json={"accessCode": "new"})
    assert answer.status_code == 201
    added = answer.json()
    assert len(added["secret"]) >= 43
    assert (added["dialect"], added["requestsPerSecond"], added["enabled"]) == (
        "hiroaming",
        8.0,
        True,
    )
    auth = ("new", added["secret"])
    assert (await service.client.get("/v1/messages", auth=auth)).status_code == 200


async def test_a_given_secret_and_all_settings_are_kept(service: SERVED) -> None:
    wanted = {
        "accessCode": "new",
        "secret": "given-secret-of-16",
        "name": "Jürgen & Söhne",
        "dialect": "esim_access",
        "accessCodeOnly": True,
        "ipAllow": ["192.0.2.7/24", "2001:db8::1"],
        "requestsPerSecond": 0,
        "category": "code",
        "enabled": False,
        "lookAlikes": True,
        "detectCodes": True,
        "events": True,
        "language": "pt-BR",
    }
    answer = await service.operate("POST", "accounts", json=wanted)
    shown = {"ipAllow": ["192.0.2.0/24", "2001:db8::1/128"], "webhook": ""}
    assert answer.json() == wanted | shown
    (stored,) = [
        each for each in await service.store.accounts.list_accounts() if each.access_code == "new"
    ]
    assert (stored.secret, stored.enabled, stored.name) == (
        "given-secret-of-16",
        False,
        wanted["name"],
    )


async def test_an_access_code_is_given_once(service: SERVED) -> None:
    answer = await service.operate("POST", "accounts", json={"accessCode": "demo"})
    assert problem(answer) == (409, "access_code_taken")


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"accessCode": ""},
        {"accessCode": "a b"},
        {"accessCode": "a:b"},
        {"accessCode": "ä"},
        {"accessCode": "x" * 65},
        {"accessCode": "new", "secret": "short"},
        {"accessCode": "new", "secret": "with a space"},
        {"accessCode": "new", "dialect": "other"},
        {"accessCode": "new", "ipAllow": ["everywhere"]},
        {"accessCode": "new", "ipAllow": "10.0.0.0/8"},
        {"accessCode": "new", "requestsPerSecond": -1},
        {"accessCode": "new", "requestsPerSecond": "8"},
        {"accessCode": "new", "enabled": "no"},
        {"accessCode": "new", "owner": "me"},
    ],
)
async def test_an_invalid_account_is_refused(service: SERVED, wanted: Any) -> None:
    answer = await service.operate("POST", "accounts", json=wanted)
    assert problem(answer) == (422, "invalid_request")
    assert len(await service.store.accounts.list_accounts()) == 2


async def test_changes_count_at_once_and_only_what_is_given(service: SERVED) -> None:
    answer = await service.operate("PATCH", "accounts/demo", json={"dialect": "esim_access"})
    assert answer.json()["dialect"] == "esim_access"
    assert answer.json()["secret"] is None
    assert (await service.send()).json()["errorCode"] == "0"


async def test_every_setting_of_an_account_can_be_changed(service: SERVED) -> None:
    wanted = {
        "secret": "another-secret-of-16",
        "name": "Another",
        "dialect": "esim_access",
        "accessCodeOnly": True,
        "ipAllow": ["192.0.2.0/24"],
        "requestsPerSecond": 2.5,
        "category": "promotion",
        "enabled": False,
        "lookAlikes": True,
        "detectCodes": True,
        "events": True,
        "language": "pt-BR",
    }
    answer = await service.operate("PATCH", "accounts/demo", json=wanted)
    shown = {"accessCode": "demo", "webhook": ""}
    assert answer.json() == wanted | shown
    stored = {each.access_code: each for each in await service.store.accounts.list_accounts()}[
        "demo"
    ]
    assert (stored.secret, stored.requests_per_s) == ("another-secret-of-16", 2.5)
    nothing = dict.fromkeys(wanted, None)
    again = await service.operate("PATCH", "accounts/demo", json=nothing)
    assert again.json() == wanted | shown | {"secret": None}


async def test_a_disabled_account_is_shut_out_and_may_come_back(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    assert (await service.send()).json()["errorCode"] == "101003"
    await service.operate("PATCH", "accounts/demo", json={"enabled": True})
    assert (await service.send()).json()["success"] is True


async def test_a_new_secret_replaces_the_old_one(service: SERVED) -> None:
    answer = await service.operate("PATCH", "accounts/demo", json={"newSecret": True})
    assert (await service.native("GET", "messages")).status_code == 401
    auth = ("demo", answer.json()["secret"])
    assert (await service.client.get("/v1/messages", auth=auth)).status_code == 200


async def test_an_allow_list_shuts_out_everybody_else(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"ipAllow": ["10.0.0.0/8"]})
    assert (await service.send()).json()["errorCode"] == "101002"
    assert problem(await service.native("GET", "messages")) == (403, "ip_not_allowed")


async def test_an_account_that_does_not_exist_cannot_be_changed(service: SERVED) -> None:
    answer = await service.operate("PATCH", "accounts/nobody", json={"enabled": False})
    assert problem(answer) == (404, "not_found")


async def test_good_plans_are_saved_and_bad_ones_named(service: SERVED) -> None:
    rows = [{"packageCode": "P-NEW", "smsStatus": 1}, {"smsStatus": 1}, "text", None]
    answer = await service.operate("PUT", "plans", json=rows)
    assert answer.json()["saved"] == 1
    assert [each["index"] for each in answer.json()["refused"]] == [1, 2, 3]
    assert answer.json()["refused"][0]["reason"] == "packageCode is missing"
    assert (await service.store.catalogue.find_plan("P-NEW")).sms_status == 1


def saved(**counts: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "added": 0,
        "changed": 0,
        "unchanged": 0,
        "planUnknown": 0,
        "tagged": 0,
    }
    facts |= {"refused": []} | counts
    return {"saved": facts["added"] + facts["changed"] + facts["unchanged"], **facts}


async def test_a_row_of_states_alone_keeps_all_else(service: SERVED) -> None:
    row = {"esimTranNo": "77", "msisdn": "66819999999", "iccid": "8944538532008160222"}
    row |= {"smdpStatus": "RELEASED", "esimStatus": "GOT_RESOURCE", "orderNo": "O-1"}
    row |= {"imsi": "454006109846571", "packageList": [{"packageCode": "P-TH", "duration": 7}]}
    answer = await service.operate("PUT", "accounts/demo/esims", json=[row])
    assert answer.json() == saved(added=1)
    states = {"esimTranNo": "77", "smdpStatus": "ENABLED", "esimStatus": "IN_USE", "iccid": None}
    answer = await service.operate("PUT", "accounts/demo/esims", json=[states])
    assert answer.json() == saved(changed=1)
    kept = (await service.open("esim/query", {"esimTranNo": "77"})).json()["obj"]["esimList"][0]
    for name in ("msisdn", "iccid", "imsi", "orderNo"):
        assert kept[name] == row[name]
    assert (kept["packageList"][0]["packageCode"], kept["packageList"][0]["duration"]) == (
        "P-TH",
        7,
    )
    assert kept["smdpStatus"] == "ENABLED"
    assert (await service.send(number="77")).json()["success"] is True


async def test_an_empty_text_empties_its_field_alone(service: SERVED) -> None:
    row = {"esimTranNo": "26010100000001", "imsi": ""}
    await service.operate("PUT", "accounts/demo/esims", json=[row])
    found = (await service.open("esim/query", {"esimTranNo": "26010100000001"})).json()
    [esim] = found["obj"]["esimList"]
    assert esim["imsi"] == ""
    assert esim["msisdn"]


async def test_a_new_row_without_its_states_is_refused(service: SERVED) -> None:
    row = {"esimTranNo": "78", "smdpStatus": "ENABLED"}
    answer = await service.operate("PUT", "accounts/demo/esims", json=[row])
    reason = "esimTranNo is new, and smdpStatus or esimStatus is missing"
    assert answer.json() == saved(refused=[{"index": 0, "reason": reason}])


async def test_a_whole_row_empties_what_it_does_not_name(service: SERVED) -> None:
    row = {"esimTranNo": "26010100000001", "smdpStatus": "ENABLED", "esimStatus": "IN_USE"}
    answer = await service.operate("PUT", "accounts/demo/esims?replace=true", json=[row])
    assert answer.json() == saved(changed=1, planUnknown=1)
    found = (await service.open("esim/query", {"esimTranNo": "26010100000001"})).json()
    assert found["obj"]["esimList"][0]["iccid"] == ""


async def test_an_unknown_plan_is_counted_and_has_a_reason_of_its_own(service: SERVED) -> None:
    row = {"esimTranNo": "79", "smdpStatus": "ENABLED", "esimStatus": "IN_USE"}
    row |= {"msisdn": "66819999999", "packageList": [{"packageCode": "NEVER-SEEN"}]}
    answer = await service.operate("PUT", "accounts/demo/esims", json=[row])
    assert answer.json() == saved(added=1, planUnknown=1)
    refused = await service.send(number="79")
    assert refused.json()["errorCode"] == "200002"
    assert refused.headers["RT-Reason"] == "plan_unknown"
    await service.operate("PUT", "plans", json=[{"packageCode": "NEVER-SEEN", "smsStatus": 1}])
    assert (await service.send(number="79")).json()["success"] is True


async def test_a_plans_partial_row_keeps_all_else(service: SERVED) -> None:
    answer = await service.operate("PUT", "plans", json=[{"packageCode": "P-TH", "price": 1}])
    assert answer.json() == saved(changed=1)
    plan = await service.store.catalogue.find_plan("P-TH")
    assert (plan.sms_status, plan.location, plan.document["price"]) == (1, "TH", 1)
    answer = await service.operate("PUT", "plans", json=[{"packageCode": "P-??", "price": 1}])
    reason = "packageCode is new, and smsStatus is missing"
    assert answer.json() == saved(refused=[{"index": 0, "reason": reason}])


async def test_of_two_rows_with_one_key_only_the_refused_one_is_reported(service: SERVED) -> None:
    states = {"smdpStatus": "ENABLED", "esimStatus": "IN_USE"}
    bad = {"esimTranNo": "88", "iccid": "12"} | states
    rows = [bad, {"esimTranNo": "88"}, {"esimTranNo": "88"} | states]
    answer = (await service.operate("PUT", "accounts/demo/esims", json=rows)).json()
    assert (answer["added"], [each["index"] for each in answer["refused"]]) == (1, [0, 1])
    plans = [{"packageCode": "P-2"}, {"packageCode": "P-2", "smsStatus": 1}]
    answer = (await service.operate("PUT", "plans", json=plans)).json()
    assert (answer["added"], [each["index"] for each in answer["refused"]]) == (1, [0])


async def test_saved_esims_can_be_sent_to(service: SERVED) -> None:
    row = {"esimTranNo": "77", "msisdn": "66819999999", "smsStatus": 1}
    row |= {"smdpStatus": "ENABLED", "esimStatus": "IN_USE"}
    for added in (1, 0):
        answer = await service.operate("PUT", "accounts/demo/esims", json=[row])
        assert answer.json() == saved(added=added, unchanged=1 - added)
    assert (await service.send(number="77")).json()["success"] is True


async def test_another_accounts_esim_is_not_taken_over(service: SERVED) -> None:
    row = {"esimTranNo": "26010100000090", "smsStatus": 1}
    row |= {"smdpStatus": "ENABLED", "esimStatus": "IN_USE"}
    answer = await service.operate("PUT", "accounts/demo/esims", json=[row])
    reason = "esimTranNo belongs to another account"
    assert answer.json() == saved(refused=[{"index": 0, "reason": reason}])
    assert (await service.send(number="26010100000090")).json()["errorCode"] == "310403"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[",
        b"null",
        b"[NaN]",
        b'["\xff"]',
        b'[{"packageCode":"\\ud800"}]',
        b"[" * 10_000,
        b"[" + b",".join([b"1"] * 2001) + b"]",
    ],
)
async def test_a_batch_that_cannot_be_read_is_refused_whole(service: SERVED, body: bytes) -> None:
    for path in ("plans", "accounts/demo/esims"):
        answer = await service.operate("PUT", path, content=body)
        assert problem(answer) == (422, "invalid_request")


async def test_a_batch_may_be_larger_than_other_bodies(service: SERVED) -> None:
    rows = [{"packageCode": f"P{n}", "smsStatus": 1, "description": "x" * 900} for n in range(2000)]
    answer = await service.operate("PUT", "plans", json=rows)
    assert answer.json() == saved(added=2000)
    over = await service.operate("PUT", "plans", content=b" " * (4 * 1_048_576 + 1))
    assert problem(over) == (413, "body_too_large")


async def test_the_admin_sees_the_log_of_any_account(service: SERVED) -> None:
    await service.send("Hello")
    for account, count in (("demo", 1), ("other", 0)):
        answer = await service.operate("GET", "messages", params={"account": account})
        assert len(answer.json()["messages"]) == count
    for account, status in (("nobody", 404), ("a b", 422)):
        answer = await service.operate("GET", "messages", params={"account": account})
        assert answer.status_code == status


async def test_esims_are_listed_and_found_by_any_number(service: SERVED) -> None:
    listed = (await service.operate("GET", "esims?limit=2")).json()
    assert [each["account"] for each in listed["esims"]] == ["demo", "demo"]
    rest = await service.operate("GET", f"esims?limit=100&cursor={listed['next']}")
    assert rest.json()["next"] is None
    assert "other" in {each["account"] for each in rest.json()["esims"]}
    one = listed["esims"][0]
    for name in ("esimTranNo", "iccid", "msisdn", "imsi", "orderNo"):
        if one[name]:
            found = (await service.operate("GET", f"esims?number={one[name]}")).json()["esims"]
            assert one in found


async def test_an_esim_is_shown_without_what_installs_or_unlocks_it(service: SERVED) -> None:
    secrets = {"ac": "LPA:1$rsp.example.com$X", "pin": "1234", "puk": "12345678"}
    row = {"esimTranNo": "26010100000001", **secrets, "apn": "internet"}
    await service.operate("PUT", "accounts/demo/esims", json=[row])
    shown = await service.operate("GET", "esims/26010100000001")
    assert shown.json()["document"]["apn"] == "internet"
    for secret in secrets.values():
        assert secret not in shown.text
    assert problem(await service.operate("GET", "esims/none")) == (404, "not_found")


async def test_a_retired_esim_refuses_sends_until_it_is_restored(service: SERVED) -> None:
    keys = {"esimTranNos": ["26010100000001"]}
    assert (await service.operate("POST", "esims/retire", json=keys)).json() == {"changed": 1}
    refused = await service.send()
    assert refused.json()["errorCode"] == "200002"
    assert refused.headers["RT-Reason"] == "esim_retired"
    assert (await service.operate("POST", "esims/restore", json=keys)).json() == {"changed": 1}
    assert (await service.send()).json()["success"] is True


async def test_a_deleted_esim_is_unknown_and_its_messages_stay(service: SERVED) -> None:
    sent = (await service.send()).headers["RT-MessageID"]
    deleted = await service.operate("DELETE", "esims/26010100000001")
    assert deleted.json() == {"changed": 1}
    assert problem(await service.operate("DELETE", "esims/26010100000001")) == (404, "not_found")
    assert (await service.send()).json()["errorCode"] == "310403"
    assert (await service.native("GET", f"messages/{sent}")).json()["esimTranNo"]


async def test_plans_are_listed_shown_retired_and_deleted(service: SERVED) -> None:
    listed = (await service.operate("GET", "plans")).json()["plans"]
    assert "P-TH" in [plan["packageCode"] for plan in listed]
    assert (await service.operate("GET", "plans/P-TH")).json()["document"]["price"] == 45000
    keys = {"packageCodes": ["P-TH"]}
    assert (await service.operate("POST", "plans/retire", json=keys)).json() == {"changed": 1}
    for which in ({}, {"packageCode": "P-TH"}, {"slug": "TH_1_7"}):
        plans = (await service.open("package/list", which)).json()["obj"]["packageList"]
        assert "P-TH" not in [plan["packageCode"] for plan in plans]
    await service.operate("POST", "plans/retire", json={"packageCodes": ["TOPUP_TH"]})
    top_up = {"type": "TOPUP", "packageCode": "TOPUP_TH"}
    assert (await service.open("package/list", top_up)).json()["obj"]["packageList"] == []
    assert (await service.operate("POST", "plans/restore", json=keys)).json() == {"changed": 1}
    assert (await service.operate("DELETE", "plans/P-TH")).json() == {"changed": 1}
    assert problem(await service.operate("GET", "plans/P-TH")) == (404, "not_found")


async def prices(service: Any, account: str = "demo") -> tuple[int, int]:
    found = (await service.open("package/list", {"slug": "TH_1_7"}, account=account)).json()
    [shown] = found["obj"]["packageList"]
    return shown["price"], shown["retailPrice"]


async def listed_price(service: Any, account: str) -> int:
    """In the list of all plans, whose octets are kept."""
    found = (await service.open("package/list", {}, account=account)).json()["obj"]["packageList"]
    [price] = [plan["price"] for plan in found if plan["packageCode"] == "P-TH"]
    return int(price)


async def test_an_account_sees_its_own_price_and_not_the_administrators(serve: Any) -> None:
    service = await serve()
    assert await prices(service) == (0, 0)
    rows = [{"packageCode": "P-TH", "price": "70000", "retailPrice": 90000, "smsStatus": 0}]
    rows += [{"packageCode": "P-??", "price": 1}, {"packageCode": "P-JP"}]
    rows += [{"packageCode": "P-JP", "price": -1}, {"packageCode": "P-JP", "price": 1.5}]
    answer = (await service.operate("PUT", "accounts/demo/prices", json=rows)).json()
    assert (answer["added"], [each["index"] for each in answer["refused"]]) == (1, [1, 2, 3, 4])
    assert answer["refused"][0]["reason"] == "no plan has this packageCode"
    assert await prices(service) == (70000, 90000)
    assert await prices(service, "other") == (0, 0)
    plan = await service.store.catalogue.find_plan("P-TH")
    assert (plan.sms_status, plan.document["price"]) == (1, 45000)

    shows_all = await serve(shows_imported_prices=True)
    assert await prices(shows_all) == (70000, 90000)
    assert await prices(shows_all, "other") == (45000, 0)
    for account, price in (("demo", 70000), ("other", 0), ("demo", 70000)):
        assert await listed_price(service, account) == price
    rows[0]["price"] = 71000
    await service.operate("PUT", "accounts/demo/prices", json=rows[:1])
    assert [await listed_price(service, name) for name in ("demo", "other")] == [71000, 0]
    gone = [{"packageCode": "P-TH", "price": None}]
    answer = (await service.operate("PUT", "accounts/demo/prices", json=gone)).json()
    assert (answer["changed"], answer["refused"]) == (1, [])
    assert await prices(service) == (0, 0)
    assert problem(await service.operate("PUT", "accounts/none/prices", json=gone))[0] == 404
