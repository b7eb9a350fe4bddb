"""Policy decides about messages of the SMPP port as about all others, on both stores."""

import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simpost.smpp import CancelSm, MessageState, QuerySm, Status, SubmitSm, Tag
from tests.contract.postgres_server import programs
from tests.contract.sealed_facts import forms
from tests.integration.cluster.cluster import ACCESS_CODE, ask, until
from tests.integration.smpp_server.raw import RawClient

ACCOUNT = f"accounts/{ACCESS_CODE}"
CODE = "heliotrope: 482913 is your code"
AT_ONCE = 8
"""Requests without a response; `window` allows more."""


@pytest.fixture(autouse=True)
def promotions(served):
    """What clients of the account send is promotion, unless it is a code."""
    served.node.operate("PATCH", ACCOUNT, {"category": "promotion", "detectCodes": True})


@pytest.fixture
def client(served):
    with closing(RawClient(served.port)) as client:
        assert client.bind(served.login()).command_status == Status.ESME_ROK
        yield client


def take(served, hours="always"):
    """An eSIM with these open hours, and its number."""
    esim, number = served.take()
    status, _ = ask(served.node, "PATCH", f"esims/{esim}/preferences", {"openHours": hours})
    assert status == 200
    return esim, number


def closed_now():
    """An hour of Thailand, which issued the eSIMs, in about twelve hours."""
    opens = datetime.now(UTC) + timedelta(hours=7 + 12)
    return f"{opens:%H}:00-{opens:%H}:59"


def submission(number, **fields):
    given = {"dest_addr_ton": 1, "dest_addr_npi": 1, "short_message": b"Hello", **fields}
    return SubmitSm(destination_addr=number, **given)


def answer_to(client, pdu):
    client.send(pdu)
    return client.receive()


def status_of(client, number, **fields):
    return answer_to(client, submission(number, **fields)).command_status


def reasons_of(served, esim, count=1):
    """The reasons of the refused messages of the eSIM, once there are `count`."""

    def found():
        _, page = ask(served.node, "GET", f"refusals?esimTranNo={esim}")
        return len(page["refusals"]) >= count and page["refusals"]

    return {each["reason"]["code"] for each in until(found)}


def test_a_promotion_in_quiet_hours_is_accepted_and_held(served, client):
    _, number = take(served, closed_now())
    response = answer_to(client, submission(number))
    assert response.command_status == Status.ESME_ROK
    message = served.message(response.message_id)
    assert (message["state"], message["category"]) == ("held", "promotion")
    assert message["reason"]["code"] == "quiet_hours"
    query = QuerySm(message_id=response.message_id)
    assert answer_to(client, query).message_state == MessageState.ACCEPTED
    cancel = CancelSm(message_id=response.message_id)
    assert answer_to(client, cancel).command_status == Status.ESME_ROK
    assert served.centre.texts_of(number) == []


def test_who_texted_stop_gets_no_promotion_whole_or_in_parts(served, client):
    esim, number = take(served)
    served.centre.send_from(number, "STOP")
    assert status_of(client, number) == Status.ESME_RSUBMITFAIL
    parts = [
        submission(number, esm_class=0x40, short_message=bytes([5, 0, 3, 7, 2, each]) + b"Hello")
        for each in (1, 2)
    ]
    statuses = [answer_to(client, each).command_status for each in parts]
    assert statuses == [Status.ESME_ROK, Status.ESME_RSUBMITFAIL]
    assert reasons_of(served, esim, 2) == {"opted_out"}
    assert not [text for text in served.centre.texts_of(number) if "Hello" in text]


def test_requests_at_once_over_two_connections_never_exceed_a_daily_limit(served, client):
    esim, number = take(served)
    with closing(RawClient(served.port)) as other:
        assert other.bind(served.login()).command_status == Status.ESME_ROK
        for each in (client, other):
            each.send(*(submission(number) for _ in range(AT_ONCE)))
        statuses = [each.receive().command_status for each in (client, other) * AT_ONCE]
    assert sorted(statuses) == [0, 0] + [Status.ESME_RSUBMITFAIL] * (2 * AT_ONCE - 2)
    assert reasons_of(served, esim) == {"cap_reached"}


def test_a_promotion_of_too_many_parts_is_refused(served, client):
    esim, number = take(served)
    long = (Tag.MESSAGE_PAYLOAD, b"x" * 500)
    assert status_of(client, number, short_message=b"", tlvs=(long,)) == Status.ESME_RINVMSGLEN
    assert reasons_of(served, esim) == {"category_parts"}


def test_a_stop_of_the_administrator_is_in_effect_until_it_is_resumed(served, client):
    esim, number = take(served)
    served.node.operate("POST", "stops", {"account": ACCESS_CODE, "reason": "ticket 4711"})
    try:
        assert status_of(client, number) == Status.ESME_RMSGQFUL
    finally:
        served.node.operate("DELETE", f"stops?account={ACCESS_CODE}")
    assert reasons_of(served, esim) == {"sending_stopped"}
    assert status_of(client, number) == Status.ESME_ROK


def test_a_budget_of_the_account_counts_what_clients_send(served, client):
    esim, number = take(served)
    served.node.operate("PUT", f"{ACCOUNT}/budgets", {"budgets": [{"day": 1}]})
    try:
        assert status_of(client, number) == Status.ESME_ROK
        assert status_of(client, number) == Status.ESME_RSUBMITFAIL
    finally:
        served.node.operate("PUT", f"{ACCOUNT}/budgets", {"budgets": []})
    assert reasons_of(served, esim) == {"budget_reached"}


def test_a_code_passes_all_of_it_and_is_read_on_the_handset_only(served, client):
    _, number = take(served, closed_now())
    served.centre.send_from(number, "STOP")
    response = answer_to(client, submission(number, short_message=CODE.encode()))
    assert response.command_status == Status.ESME_ROK
    until(lambda: CODE in served.centre.texts_of(number))
    message = served.message(response.message_id)
    assert (message["category"], message["text"]) == ("code", None)
    assert message["textAbsence"] == "code"
    stored = stored_by(served.cluster)
    assert [form for form in forms("heliotrope") if form in stored] == []
    assert "heliotrope" not in served.node.log.read_text()


def stored_by(cluster):
    """All octets of the database."""
    url = cluster._url
    if url.startswith("postgresql"):
        command = [programs() / "bin" / "pg_dump", url]
        return subprocess.run(command, check=True, capture_output=True).stdout
    path = Path(url.removeprefix("sqlite:///"))
    files = [path, path.with_name(f"{path.name}-wal")]
    return b"".join(each.read_bytes() for each in files if each.exists())
