"""Each command of the standard is answered as documented, on both stores."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from simpost.api.smpp.submits import REQUEST_ID
from simpost.smpp import (
    BindTransceiver,
    BroadcastSm,
    CancelSm,
    DataSm,
    MessageState,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    Status,
    SubmitMulti,
    SubmitSm,
    Tag,
    Unbind,
    format_absolute,
    format_relative,
    parse_receipt,
)
from tests.integration.cluster.cluster import until
from tests.integration.smpp_server.raw import RawClient

HOUR = timedelta(hours=1)


@pytest.fixture
def client(served):
    with closing(RawClient(served.port)) as client:
        response = client.bind(served.login())
        assert response.command_status == Status.ESME_ROK
        assert response.tlv(Tag.SC_INTERFACE_VERSION) == b"\x50"
        yield client


def ask(client, pdu):
    client.send(pdu)
    return client.receive()


def submit(client, number, **fields):
    given = {"dest_addr_ton": 1, "dest_addr_npi": 1, "short_message": b"Hello", **fields}
    return ask(client, SubmitSm(destination_addr=number, **given))


def test_a_scheduled_message_is_queried_and_cancelled(served, client):
    number = served.take()[1]
    in_an_hour = datetime.now(UTC) + HOUR
    for time in (format_relative(HOUR), format_absolute(in_an_hour)):
        message_id = submit(client, number, schedule_delivery_time=time).message_id
        message = served.message(message_id)
        assert message["state"] == "scheduled"
        planned = datetime.fromisoformat(message["sendAt"])
        assert abs(planned - in_an_hour) < timedelta(minutes=1)
        assert ask(client, QuerySm(message_id=message_id)).message_state == MessageState.SCHEDULED
        assert ask(client, CancelSm(message_id=message_id)).command_status == Status.ESME_ROK
        assert served.message(message_id)["state"] == "cancelled"
        found = ask(client, QuerySm(message_id=message_id))
        assert (found.message_state, found.message_id) == (MessageState.DELETED, message_id)
        assert found.final_date


def test_what_has_left_is_not_cancelled(served, client):
    message_id = submit(client, served.take()[1]).message_id
    served.wait_final(message_id)
    response = ask(client, CancelSm(message_id=message_id))
    assert response.command_status == Status.ESME_RCANCELFAIL
    found = ask(client, QuerySm(message_id=message_id))
    assert (found.message_state, found.error_code) == (MessageState.DELIVERED, 0)


def test_a_validity_is_that_of_the_message(served, client):
    now = datetime.now(UTC)
    for period in (format_relative(HOUR), format_absolute(now + HOUR)):
        message_id = submit(client, served.take()[1], validity_period=period).message_id
        expires = datetime.fromisoformat(served.message(message_id)["expiresAt"])
        assert abs(expires - now - HOUR) < timedelta(minutes=1)
    past = format_absolute(now - HOUR)
    response = submit(client, served.take()[1], validity_period=past)
    assert response.command_status == Status.ESME_RINVEXPIRY


def test_an_idempotency_key_sends_a_message_once(served, client):
    number = served.take()[1]
    key = ((REQUEST_ID, b"order-7"),)
    first = submit(client, number, tlvs=key)
    again = submit(client, number, tlvs=key)
    assert again.message_id == first.message_id
    other = submit(client, number, tlvs=key, short_message=b"Another text")
    assert other.command_status == Status.ESME_RSUBMITFAIL
    served.wait_final(first.message_id)
    assert served.centre.texts_of(number) == ["Hello"]


@pytest.mark.parametrize("way", ["iccid", "esim"])
def test_an_esim_is_named_by_its_iccid_or_its_esim_tran_no(served, client, way):
    esim, _ = served.take()
    fields = {"iccid": (f"8966{esim}1", 1), "esim": (esim, 9)}[way]
    response = submit(client, fields[0], dest_addr_npi=fields[1])
    assert served.message(response.message_id)["esimTranNo"] == esim


def test_another_account_has_neither_the_esim_nor_the_message(served, client):
    esim, number = served.take()
    message_id = submit(client, number).message_id
    given = {"accessCode": "stranger", "secret": "secret-of-stranger"}
    served.node.operate("POST", "accounts", given)
    with closing(RawClient(served.port)) as stranger:
        assert stranger.bind(served.login("stranger")).command_status == Status.ESME_ROK
        assert submit(stranger, number).command_status == Status.ESME_RINVDSTADR
        named = submit(stranger, esim, dest_addr_npi=9)
        assert named.command_status == Status.ESME_RINVDSTADR
        for pdu in (QuerySm(message_id=message_id), CancelSm(message_id=message_id)):
            assert ask(stranger, pdu).command_status == Status.ESME_RINVMSGID
        statuses = {submit(stranger, number).command_status for _ in range(20)}
        assert Status.ESME_RTHROTTLED in statuses  # an account may send 8 requests a second


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (SubmitMulti(dest_address=(SmeAddress(1, 1, "66810000001"),)), Status.ESME_RINVCMDID),
        (DataSm(destination_addr="66810000001"), Status.ESME_RINVCMDID),
        (BroadcastSm(), Status.ESME_RINVCMDID),
        (ReplaceSm(message_id="1"), Status.ESME_RREPLACEFAIL),
        (QuerySm(message_id="1"), Status.ESME_RINVMSGID),
        (CancelSm(source_addr="1", destination_addr="2"), Status.ESME_RINVMSGID),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, int) else "",
)
def test_what_is_not_supported_is_refused(client, pdu, status):
    assert ask(client, pdu).command_status == status


def test_a_client_of_version_3_3_gets_no_tlvs(served):
    with closing(RawClient(served.port)) as client:
        system_id, password = served.login()
        bind = BindTransceiver(system_id=system_id, password=password, interface_version=0x33)
        response = ask(client, bind)
        assert (response.command_status, response.tlvs) == (Status.ESME_ROK, ())
        message_id = submit(client, served.take()[1], registered_delivery=1).message_id
        receipt = client.receive()
        assert (parse_receipt(receipt).message_id, receipt.tlvs) == (message_id, ())


def test_unbind_is_answered_and_ends_the_connection(client, served):
    assert ask(client, Unbind()).command_status == Status.ESME_ROK
    assert client.receive() is None
    until(lambda: "smpp_unbound" in served.node.log.read_text())
