import pytest

from simpost.smpp import EnquireLink, FatalPduError, Framer, RecoverablePduError, SubmitSm, encode

GOOD = encode(EnquireLink(sequence_number=9))
BAD = bytes.fromhex("00000013 00000003 00000000 00000008 693100")


def test_a_bad_pdu_is_followed_by_the_good_one() -> None:
    bad, good = Framer().feed(BAD + GOOD)
    assert isinstance(bad, RecoverablePduError)
    assert (bad.command_id, bad.sequence_number, bad.status) == (0x03, 8, 0x02)
    assert bad.body == BAD[16:]
    assert good == EnquireLink(sequence_number=9)


def test_octet_by_octet_gives_the_same_as_at_once() -> None:
    stream = GOOD + BAD + encode(SubmitSm(short_message=b"x" * 200)) + GOOD
    framer = Framer()
    slowly = [one for octet in stream for one in framer.feed(bytes((octet,)))]
    at_once = Framer().feed(stream)
    assert [str(one) for one in slowly] == [str(one) for one in at_once]
    assert len(at_once) == 4


@pytest.mark.parametrize("length", [0, 1, 15, 1025, 0x7FFFFFFF, 0xFFFFFFFF])
def test_nothing_is_returned_after_an_impossible_command_length(length: int) -> None:
    framer = Framer(max_pdu_octets=1024)
    good, fatal = framer.feed(GOOD + length.to_bytes(4, "big") + GOOD[4:] + GOOD)
    assert good == EnquireLink(sequence_number=9)
    assert isinstance(fatal, FatalPduError)
    assert (fatal.status, fatal.sequence_number) == (0x02, 9)
    assert framer.is_broken
    assert framer.feed(GOOD) == []
    assert framer.buffered_octets == 0


def test_the_longest_allowed_pdu_passes() -> None:
    whole = encode(SubmitSm(tlvs=((0x0424, bytes(900)),)))
    assert len(Framer(max_pdu_octets=len(whole)).feed(whole)) == 1
    assert isinstance(Framer(max_pdu_octets=len(whole) - 1).feed(whole)[0], FatalPduError)


def test_no_more_than_one_unfinished_pdu_is_held() -> None:
    framer = Framer(max_pdu_octets=1024)
    unfinished = (1024).to_bytes(4, "big") + GOOD[4:]
    framer.feed(unfinished)
    for _ in range(1007):
        assert framer.feed(b"\0") == []
        assert framer.buffered_octets < 1024
    assert len(framer.feed(b"\0" + GOOD)) == 2
    assert framer.buffered_octets == 0


def test_pdus_are_returned_in_bounded_batches_and_none_is_lost() -> None:
    framer = Framer()
    stream = b"".join(encode(EnquireLink(sequence_number=n)) for n in range(1, 251)) + GOOD[:7]
    found, counts, fed = [], [], stream
    while True:
        some = framer.feed(fed, 100)
        found += some
        counts.append((len(some), framer.has_more))
        fed = b""
        if not framer.has_more:
            break
    assert counts == [(100, True), (100, True), (50, False)]
    assert [pdu.sequence_number for pdu in found if isinstance(pdu, EnquireLink)] == list(
        range(1, 251)
    )
    assert framer.buffered_octets == 7
    assert framer.feed(GOOD[7:], 100) == [EnquireLink(sequence_number=9)]
