import asyncio

import pytest
from msgspec.structs import replace

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.ports.store import Accepted, IdempotentReplay, Refused
from tests.contract.store_facts import DAY_MS, NOW_MS, key, message


async def test_an_accepted_message_is_found_as_it_was_given(store):
    sent = message("part one, ", "part two", request=key())
    await store.queue.accept(sent)
    found = await store.log.find_message(1, sent.id)
    assert found.state is State.ACCEPTED
    assert (found.text, found.part_count) == ("part one, part two", 2)
    assert (found.esim_tran_no, found.iccid) == (sent.esim_tran_no, sent.iccid)
    assert (found.destination, found.encoding, found.category) == (
        sent.destination,
        sent.encoding,
        sent.category,
    )
    assert (found.created_ms, found.updated_ms, found.expires_ms) == (
        NOW_MS,
        NOW_MS,
        NOW_MS + DAY_MS,
    )
    assert found.request_id == "r-1"
    assert [part.number for part in found.parts] == [1, 2]
    assert found.attempts == ()


async def test_an_accepted_message_outlives_the_process_that_accepted_it(opening):
    sent = message()
    async with opening() as store:
        await store.queue.accept(sent)
    async with opening() as store:
        assert (await store.log.find_message(1, sent.id)).text == "hello"


async def test_any_text_comes_back_as_it_was(store):
    text = "ẞ 你好 👩‍👩‍👧‍👦 e\u0301\u0000\n'; DROP TABLE messages; --"
    sent = message(text)
    await store.queue.accept(sent)
    assert (await store.log.find_message(1, sent.id)).text == text


async def test_messages_of_several_parts_to_one_esim_get_a_reference_of_their_own(store):
    references = [(await store.queue.accept(message("a", "b"))).reference for _ in range(3)]
    assert len(set(references)) == 3
    assert all(0 < reference <= 0xFFFF for reference in references)


async def test_references_go_on_where_they_were_after_a_restart(opening):
    async with opening() as store:
        first = (await store.queue.accept(message("a", "b"))).reference
    async with opening() as store:
        assert (await store.queue.accept(message("a", "b"))).reference != first


async def test_a_request_id_repeated_with_the_same_request_gets_the_first_answer(store):
    first = message(request=key())
    assert await store.queue.accept(first) == Accepted()
    again = await store.queue.accept(message(request=key()))
    assert again == IdempotentReplay(same=True, message_id=first.id, reason=None)


async def test_a_repeated_request_is_not_stored(store):
    await store.queue.accept(message(request=key()))
    again = message(request=key())
    await store.queue.accept(again)
    assert await store.log.find_message(1, again.id) is None
    assert await store.routing.count_queued("smsc") == 1


async def test_a_request_id_repeated_with_another_request_is_a_conflict(store):
    first = message(request=key())
    await store.queue.accept(first)
    other = await store.queue.accept(message(request=key(fingerprint=b"other")))
    assert other == IdempotentReplay(same=False, message_id=first.id, reason=None)


async def test_of_a_hundred_concurrent_requests_with_one_id_exactly_one_is_accepted(store):
    asked = [message(request=key()) for _ in range(100)]
    answers = await asyncio.gather(*(store.queue.accept(one) for one in asked))
    accepted = [one for one, answer in zip(asked, answers, strict=True) if answer == Accepted()]
    assert len(accepted) == 1
    repeated = IdempotentReplay(same=True, message_id=accepted[0].id, reason=None)
    assert answers.count(repeated) == 99
    assert await store.routing.count_queued("smsc") == 1


async def test_a_request_id_older_than_a_day_may_be_used_again(store):
    await store.queue.accept(message(request=key()))
    later = NOW_MS + DAY_MS + 1
    again = message(at_ms=later, request=key(fingerprint=b"other", at_ms=later))
    assert await store.queue.accept(again) == Accepted()
    assert await store.queue.accept(
        message(at_ms=later, request=key(at_ms=later))
    ) == IdempotentReplay(same=False, message_id=again.id, reason=None)


def signed(request_id="r-1", signature="a" * 64, at_ms=NOW_MS):
    return message(at_ms=at_ms, request=replace(key(request_id, at_ms=at_ms), signature=signature))


async def test_a_signature_is_accepted_once_whatever_the_request_id(store):
    first = signed("r-1")
    assert await store.queue.accept(first) == Accepted()
    again = IdempotentReplay(same=True, message_id=first.id, reason=None)
    assert await store.queue.accept(signed("234r-1")) == again
    assert await store.queue.accept(signed("r-1")) == again
    assert await store.routing.count_queued("smsc") == 1


async def test_of_many_concurrent_requests_with_one_signature_exactly_one_is_accepted(store):
    asked = [signed(f"r-{number}") for number in range(40)]
    answers = await asyncio.gather(*(store.queue.accept(one) for one in asked))
    accepted = [one for one, answer in zip(asked, answers, strict=True) if answer == Accepted()]
    assert len(accepted) == 1
    assert answers.count(IdempotentReplay(same=True, message_id=accepted[0].id, reason=None)) == 39


async def test_a_retry_signed_again_cannot_be_replayed_under_another_id(store):
    first = signed("r-1")
    again = IdempotentReplay(same=True, message_id=first.id, reason=None)
    await store.queue.accept(first)
    assert await store.queue.accept(signed("r-1", signature="b" * 64)) == again
    assert await store.queue.accept(signed("234r-1", signature="b" * 64)) == again


async def test_a_new_signature_and_id_are_a_new_message(store):
    assert await store.queue.accept(signed("r-1")) == Accepted()
    assert await store.queue.accept(signed("r-2", signature="b" * 64)) == Accepted()
    assert await store.routing.count_queued("smsc") == 2


async def test_a_signature_survives_a_restart(opening):
    first = signed("r-1")
    async with opening() as store:
        await store.queue.accept(first)
    async with opening() as store:
        answer = await store.queue.accept(signed("234r-1"))
    assert answer == IdempotentReplay(same=True, message_id=first.id, reason=None)


async def test_accounts_do_not_share_request_ids(store):
    assert await store.queue.accept(message(request=key())) == Accepted()
    assert await store.queue.accept(message(account_id=2, request=key())) == Accepted()


async def test_a_refusal_is_remembered_under_its_request_id(store):
    refused = Refused(1, key(), Reason.ESIM_UNKNOWN, NOW_MS)
    assert await store.queue.record_refusal(refused) is None
    first = IdempotentReplay(same=True, message_id=None, reason=Reason.ESIM_UNKNOWN)
    assert await store.queue.record_refusal(refused) == first
    assert await store.queue.accept(message(request=key())) == first


async def test_the_request_id_of_a_batch_stands_for_no_message(store):
    batch = Refused(1, key(), None, NOW_MS)
    assert await store.queue.record_refusal(batch) is None
    first = IdempotentReplay(same=True, message_id=None, reason=None)
    assert await store.queue.record_refusal(batch) == first
    other = message(request=key(fingerprint=b"other"))
    assert await store.queue.accept(other) == IdempotentReplay(False, None, None)


async def test_a_refusal_does_not_replace_an_acceptance(store):
    accepted = message(request=key())
    await store.queue.accept(accepted)
    answer = await store.queue.record_refusal(Refused(1, key(), Reason.NO_ROUTE, NOW_MS))
    assert answer == IdempotentReplay(same=True, message_id=accepted.id, reason=None)


async def test_request_ids_survive_a_restart(opening):
    first = message(request=key())
    async with opening() as store:
        await store.queue.accept(first)
    async with opening() as store:
        assert (await store.queue.accept(message(request=key()))).message_id == first.id


async def test_request_ids_older_than_a_day_are_purged(store):
    await store.queue.accept(message(request=key("old")))
    await store.queue.accept(message(at_ms=NOW_MS + DAY_MS, request=key("new")))
    assert await store.retention.purge(now_ms=NOW_MS + DAY_MS + 1, limit=100) == 1
    assert await store.retention.purge(now_ms=NOW_MS + DAY_MS + 1, limit=100) == 0
    assert await store.queue.accept(message(request=key("old", b"other"))) == Accepted()


async def test_request_ids_are_purged_in_bounded_steps(store):
    await asyncio.gather(
        *(store.queue.accept(message(request=key(f"r-{index}"))) for index in range(25))
    )
    later = NOW_MS + 2 * DAY_MS
    assert [await store.retention.purge(now_ms=later, limit=10) for _ in range(3)] == [10, 10, 5]


async def test_a_message_id_that_exists_is_refused_and_the_others_are_accepted(store):
    first = message("first")
    await store.queue.accept(first)
    neighbours = [message(f"n{index}", request=key(f"r-{index}")) for index in range(5)]
    answers = await asyncio.gather(
        *(
            store.queue.accept(one)
            for one in [*neighbours[:2], message("x", id=first.id), *neighbours[2:]]
        ),
        return_exceptions=True,
    )
    assert isinstance(answers.pop(2), StoreError)
    assert answers == [Accepted()] * 5
    assert (await store.log.find_message(1, first.id)).text == "first"
    for one in neighbours:
        assert (await store.log.find_message(1, one.id)).text == one.text


async def test_a_refused_message_leaves_its_request_id_free(store):
    first = message("first")
    await store.queue.accept(first)
    with pytest.raises(StoreError):
        await store.queue.accept(message("x", id=first.id, request=key()))
    assert await store.queue.accept(message(request=key())) == Accepted()


async def test_no_error_of_the_store_contains_the_text(store):
    first = message("first")
    await store.queue.accept(first)
    with pytest.raises(StoreError) as refused:
        await store.queue.accept(message("code 481516", id=first.id))
    assert "481516" not in str(refused.value)


async def test_a_closed_store_says_so(opening):
    async with opening() as store:
        pass
    with pytest.raises(StoreError):
        await store.queue.accept(message())
    with pytest.raises(StoreError):
        await store.routing.count_queued("smsc")
