"""`simpost messages ID --exchanges`: the lines."""

from simpost.cli.exchange_lines import exchange_lines


def test_each_attempt_has_its_request_its_response_or_a_note():
    field = {"name": "data_coding", "value": "8", "meaning": "ucs2"}
    unknown = {"name": "sequence_number", "value": None, "meaning": ""}
    hostile = {"name": "message_id", "value": "a\x1b[2J", "meaning": ""}
    sent = {
        "part": 1, "attempt": 2, "carrier": "up", "protocol": "smpp",
        "connection": "transceiver 1", "settings": "of_attempt", "source": "memory", "note": "",
        "request": {"name": "submit_sm", "fields": [field, unknown], "octets": "00ff"},
        "response": {"name": "submit_sm_resp", "fields": [hostile], "octets": None},
    }  # fmt: skip
    unsent = {
        "part": 1, "attempt": 1, "carrier": "up", "protocol": "", "connection": "",
        "request": None, "response": None, "settings": None, "source": None,
        "note": "Nothing was sent in this attempt.",
    }  # fmt: skip
    lines = list(exchange_lines({"exchanges": [unsent, sent]}))
    assert lines[:4] == [
        "part 1, attempt 1 by up",
        "  Nothing was sent in this attempt.",
        "",
        "part 1, attempt 2 by up (SMPP transceiver 1)",
    ]
    text = "\n".join(lines)
    assert "submit_sm, built again from the message, with the settings of that time" in text
    assert "submit_sm_resp, as it was read" in text
    assert "data_coding              8  ucs2" in text
    assert "sequence_number          -" in text
    assert "(octets)                 00ff" in text
    assert "\x1b" not in text


def test_without_attempts_that_is_said():
    assert list(exchange_lines({"exchanges": []})) == ["no attempts"]
