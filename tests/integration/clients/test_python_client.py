"""The Python client on a running gateway, and on its fake: the same statements hold on both."""

import asyncio
import re
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta

import pytest

from simpost_client import (
    AuthenticationFailed,
    Conflict,
    Event,
    InvalidRequest,
    KeyReused,
    NotFound,
    RateLimited,
    Refused,
    SmsNotSupported,
)
from tests.integration.clients.worlds import NOT_INSTALLED, WITHOUT_SMS, Live, esim

pytestmark = pytest.mark.timeout(120)
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def test_a_message_is_sent_found_and_shown(world):
    with world.client() as client:
        sent = client.messages.send(
            esim_tran_no=esim(0), text="Hello, client", reference="order-1", category="notice"
        )
        assert (sent.encoding, sent.part_count) == ("gsm7", 1)
        assert world.text_at(esim(0), "Hello, client") == "Hello, client"
        shown = client.messages.get(sent.id)
        assert (shown.text, shown.reference, shown.category) == (
            "Hello, client",
            "order-1",
            "notice",
        )
        assert shown.created_at.tzinfo is not None
        assert "Hello" not in repr(shown)
        found = [each.id for each in client.messages.search(reference="order-1")]
        assert found == [sent.id]


def test_a_search_reads_all_pages(world):
    with world.client() as client:
        sent = [client.messages.send(esim_tran_no=esim(1), text=f"Page {n}").id for n in range(5)]
        found = [each.id for each in client.messages.search(esim_tran_no=esim(1), page_size=2)]
    assert found == sent[::-1]


def test_a_key_sends_once(world):
    wanted = {"esim_tran_no": esim(2), "text": "Once", "idempotency_key": "key-once"}
    with world.client() as client:
        first, second = client.messages.send(**wanted), client.messages.send(**wanted)
        assert first.id == second.id
        with pytest.raises(KeyReused) as caught:
            client.messages.send(**{**wanted, "text": "Twice"})
        assert caught.value.reason == "request_id_reused"
        assert len(list(client.messages.search(esim_tran_no=esim(2)))) == 1


def test_a_refusal_names_the_reason_and_the_remedy(world):
    with world.client() as client:
        with pytest.raises(SmsNotSupported) as caught:
            client.messages.send(esim_tran_no=WITHOUT_SMS, text="Secret words")
        assert caught.value.reason == "sms_not_supported"
        assert caught.value.remedy
        assert "Secret" not in str(caught.value)
        with pytest.raises(Refused) as caught:
            client.messages.send(esim_tran_no=NOT_INSTALLED, text="Hello")
        assert (caught.value.status, caught.value.reason) == (409, "not_installed")
        with pytest.raises(NotFound) as unknown:
            client.messages.send(esim_tran_no="1", text="Hello")
        assert unknown.value.reason == "esim_unknown"
        with pytest.raises(InvalidRequest):
            client.messages.send(esim_tran_no=esim(0))
        with pytest.raises(NotFound):
            client.messages.get("019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11")


def test_a_dry_run_decides_and_sends_nothing(world):
    with world.client() as client:
        assert client.messages.preview(esim_tran_no=esim(3), text="Hello").decision == "send"
        refused = client.messages.preview(esim_tran_no=WITHOUT_SMS, text="Hello")
        assert (refused.decision, refused.reason.code) == ("refuse", "sms_not_supported")
        assert list(client.messages.search(esim_tran_no=esim(3))) == []


def test_a_batch_has_an_outcome_for_each_message(world):
    with world.client() as client:
        one, two = client.messages.send_batch(
            [
                {"esim_tran_no": esim(4), "text": "One"},
                {"esim_tran_no": WITHOUT_SMS, "text": "Two"},
            ]
        )
        assert client.messages.get(one.accepted().id).text == "One"
        with pytest.raises(SmsNotSupported):
            two.accepted()


def test_a_scheduled_message_is_cancelled_once_or_more(world):
    with world.client() as client:
        sent = client.messages.send(esim_tran_no=esim(5), text="Later", send_at=TOMORROW)
        assert sent.state == "scheduled"
        assert abs(sent.send_at - TOMORROW) < timedelta(milliseconds=1)
        assert [client.messages.cancel(sent.id).state for _ in range(2)] == ["cancelled"] * 2
        now = client.messages.send(esim_tran_no=esim(5), text="Now")
        world.text_at(esim(5), "Now")
        with pytest.raises(Conflict) as caught:
            client.messages.cancel(now.id)
        assert caught.value.code == "not_cancellable"


def test_a_code_is_started_once_and_checked(world):
    with world.client() as client:
        started = client.verifications.start(esim_tran_no=esim(6), purpose="login", digits=8)
        again = client.verifications.start(esim_tran_no=esim(6), purpose="login", digits=8)
        assert (started.step, again.step, again.id) == ("create", "keep", started.id)
        with pytest.raises(RateLimited) as caught:
            client.verifications.start(esim_tran_no=esim(6), purpose="payment")
        assert caught.value.reason == "code_wait"
        assert 0 < caught.value.retry_after_s <= 60
        code = re.search(r"\b(\d{8})\b", world.text_at(esim(6), "verification code"))[1]
        wrong = client.verifications.check(started.id, f"{(int(code) + 1) % 10**8:08}")
        assert (wrong.verdict, wrong.checks_left) == ("wrong_code", 4)
        assert client.verifications.check(started.id, code).verdict == "verified"
        assert client.verifications.check(started.id, code).verdict == "already_used"
        assert client.verifications.get(started.id).state == "verified"
        with pytest.raises(InvalidRequest):
            client.verifications.check(started.id, "no code")


def test_a_code_is_cancelled(world):
    with world.client() as client:
        started = client.verifications.start(esim_tran_no=esim(7), purpose="login")
        assert client.verifications.cancel(started.id).state == "cancelled"
        found = client.verifications.search(esim_tran_no=esim(7))
        assert [each.id for each in found] == [started.id]


def test_a_template_is_saved_rendered_and_sent(world):
    texts = {"en": "Hello {name}", "de": "Hallo {name}"}
    variables = {"name": {"type": "text", "longest": "Wilhelmina"}}
    with world.client() as client:
        saved = client.templates.save(
            name="hello", texts=texts, variables=variables, default_language="en"
        )
        again = client.templates.save(
            name="hello", texts=texts, variables=variables, default_language="en"
        )
        assert (saved.version, again.version) == (1, 1)
        assert client.templates.get("hello").texts == texts
        rendered = client.templates.render("hello", {"name": "Ana"}, language="de")
        assert (rendered.text, rendered.template.language) == ("Hallo Ana", "de")
        sent = client.messages.send(esim_tran_no=esim(8), template="hello", values={"name": "Ana"})
        assert client.messages.get(sent.id).text == "Hello Ana"
        with pytest.raises(Refused) as caught:
            client.messages.send(esim_tran_no=esim(8), template="hello")
        assert caught.value.reason == "template_value_missing"
        assert "hello" in {each.name for each in client.templates.list()}
        client.templates.delete("hello")
        with pytest.raises(NotFound):
            client.templates.get("hello")


def test_a_broadcast_is_previewed_and_sent(world):
    with world.client() as client:
        client.templates.save(name="works", texts={"en": "No service."}, default_language="en")
        wanted = {
            "name": "Works",
            "template": "works",
            "category": "service",
            "audience": {"esims": [esim(9), WITHOUT_SMS]},
            "per_second": 100.0,
        }
        preview = client.broadcasts.preview(**wanted)
        assert (preview.total, preview.sends) == (2, 1)
        begun = client.broadcasts.start(**wanted, idempotency_key="works-1")
        assert client.broadcasts.start(**wanted, idempotency_key="works-1").id == begun.id
        assert world.text_at(esim(9), "No service") == "No service."
        rows = {each.esim_tran_no: each for each in client.broadcasts.recipients(begun.id)}
        assert rows[WITHOUT_SMS].reason.code == "sms_not_supported"
        assert rows[esim(9)].message_id
        assert begun.id in {each.id for each in client.broadcasts.list()}


def test_a_broadcast_is_paused_and_cancelled(world):
    with world.client() as client:
        client.templates.save(name="later", texts={"en": "Later."}, default_language="en")
        begun = client.broadcasts.start(
            name="Later", template="later", start_at=TOMORROW, audience={"esims": [esim(9)]}
        )
        assert client.broadcasts.pause(begun.id, actor="Ana").status == "paused"
        assert client.broadcasts.cancel(begun.id).status == "cancelled"
        with pytest.raises(Conflict) as caught:
            client.broadcasts.resume(begun.id)
        assert caught.value.code == "broadcast_status"


def test_a_conversation_is_answered(world):
    with world.client() as client:
        begun = client.conversations.start(esim_tran_no=esim(10))
        assert client.conversations.start(esim_tran_no=esim(10)).id == begun.id
        preview = client.conversations.preview_reply(begun.id, text="We added 1 GB.")
        assert (preview.decision, preview.category) == ("send", "support")
        reply = client.conversations.reply(begun.id, text="We added 1 GB.")
        assert world.text_at(esim(10), "1 GB") == "We added 1 GB."
        client.conversations.add_note(begun.id, author="Ana", text="Had no data in Lyon.")
        assert [each.author for each in client.conversations.notes(begun.id)] == ["Ana"]
        changed = client.conversations.change(begun.id, assignee="Ana", tags=["vip"])
        assert (changed.assignee, changed.tags) == ("Ana", ("vip",))
        entries = list(client.conversations.entries(begun.id))
        assert [(each.id, each.direction) for each in entries] == [(reply.id, "toEsim")]
        found = client.conversations.search(tag="vip", assignee="Ana")
        assert [each.id for each in found] == [begun.id]


def test_events_are_read_in_pages_and_followed(world):
    with world.client() as client:
        last = client.events.last_sequence()
        sent = client.messages.send(esim_tran_no=esim(11), text="An event")
        with closing(client.events.follow(after=last)) as events:
            seen = []
            for each in events:
                assert isinstance(each, Event)
                if each.subject == sent.id:
                    seen.append(each.type)
                if each.type == "message.sent":
                    break
        assert seen[0] == "message.accepted"
        page = client.events.list(after=last, limit=1)
        assert page.events[0].sequence == last + 1
        assert page.has_more


async def test_the_asynchronous_half_does_the_same(world):
    async with world.async_client() as client, world.async_compatible_client() as compatible:
        last = await client.events.last_sequence()
        sent = await client.messages.send(esim_tran_no=esim(12), text="Hello again")
        await compatible.send_sms(esim(12), "Hello once more")
        texts = [each.text async for each in client.messages.search(esim_tran_no=esim(12))]
        assert texts == ["Hello once more", "Hello again"]
        async with aclosing(client.events.follow(after=last)) as events:
            first = await anext(events)
        assert (first.type, first.subject) == ("message.accepted", sent.id)
        previews = await asyncio.gather(
            *(client.messages.preview(esim_tran_no=esim(13), text="Hi") for _ in range(5))
        )
        assert {each.decision for each in previews} == {"send"}


def test_the_compatible_api_sends_and_refuses_before_it_sends(world):
    with world.compatible_client() as client:
        sent = client.send_sms(esim(14), "Welcome to Thailand!")
        assert world.text_at(esim(14), "Welcome") == "Welcome to Thailand!"
        with pytest.raises(SmsNotSupported, match="Nothing was sent") as caught:
            client.send_sms(WITHOUT_SMS, "Welcome!")
        assert (caught.value.code, caught.value.reason) == ("200002", "sms_not_supported")
        with pytest.raises(SmsNotSupported) as by_host:
            client.send_sms(WITHOUT_SMS, "Welcome!", check=False)
        assert by_host.value.detail.startswith("This operation is not allowed")
        with pytest.raises(NotFound) as unknown:
            client.send_sms("26990000000000", "Welcome!")
        assert unknown.value.code == "310403"
        again = client.send_sms(esim(14), "Twice?", request_id="r-1")
        assert client.send_sms(esim(14), "Twice?", request_id="r-1") == again
    with world.client() as native:
        assert native.messages.get(sent.message_id).text == "Welcome to Thailand!"


def test_the_compatible_api_finds_plans_and_esims(world):
    with world.compatible_client() as client:
        assert client.get_package("TH_1_7").package_code == "P1"
        assert client.get_package("P1").supports_sms
        assert not client.get_package("NO_1_7").supports_sms
        with pytest.raises(NotFound):
            client.get_package("XX_1_7")
        found = client.get_esim(esim(0))
        assert (found.sms_status, found.smdp_status) == (1, "ENABLED")
        assert client.get_esim(iccid=found.iccid).esim_tran_no == esim(0)
        assert len([each for each in client.list_esims() if each.sms_status == 1]) >= 20
        assert client.get_webhook() == ""


def test_wrong_credentials_are_told(live: Live):
    from simpost_client import CompatibleClient, SimpostClient

    wrong = {"access_code": "bench", "secret": "wrong-secret-0123"}
    with SimpostClient(live.gateway.url, **wrong) as client, pytest.raises(AuthenticationFailed):
        client.messages.get("1")
    with CompatibleClient(live.gateway.url, **wrong) as client:
        with pytest.raises(AuthenticationFailed) as caught:
            client.get_package("P1")
        assert caught.value.code == "101003"


def test_a_signed_request_and_a_key_are_accepted(live: Live):
    from simpost_client import SimpostClient

    options = {"dialect": "esim_access", "has_idempotency": True}
    with live.compatible_client(**options) as client:
        assert client.send_sms(esim(15), "Signed: Grüße ✓").message_id
    path = f"accounts/{live.gateway.access_code}/keys"
    made = live.gateway.operate("POST", path, {"name": "client", "scopes": ["messages:read"]})
    with SimpostClient(live.gateway.url, api_key=made["key"]) as client:
        assert list(client.messages.search(reference="none")) == []


def test_a_text_of_a_traveller_opens_a_conversation(world):
    with world.client() as client:
        client.messages.send(esim_tran_no=esim(16), text="How is your trip?")
        world.text_at(esim(16), "your trip")
        last = client.events.last_sequence()
        world.receive(esim(16), "No data here")
        with closing(client.events.follow(after=last)) as events:
            kinds = ("conversation.opened", "conversation.received")
            opened = next(
                each for each in events if each.type in kinds and "inboundId" in each.data
            )
        inbound = client.inbound.get(opened.data["inboundId"])
        assert (inbound.text, inbound.esim_tran_no) == ("No data here", esim(16))
        found = client.conversations.get(opened.subject)
        assert (found.status, found.unread) == ("open", 1)
        assert [each.id for each in client.inbound.search(esim_tran_no=esim(16))] == [inbound.id]
