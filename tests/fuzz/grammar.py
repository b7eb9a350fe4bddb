"""Bodies as the tables of SMPP 3.4 section 4 and SMPP 5.0 section 4 have them, read by other means.

Nothing of `simpost.smpp` is used here, so that a misreading there is noticed. A body is a row of
kinds: `i` an octet; `cXX` a C-octet string, refused with status XX (hex) when it is out of all
proportion; `s` sm_length and short_message; `d` destinations; `u` unsuccessful destinations.
"""

INVALID_MESSAGE_LENGTH = 0x01
INVALID_COMMAND_LENGTH = 0x02
INVALID_DESTINATION_FLAG = 0x40
INVALID_TLV_STREAM = 0xC0
MOST_TLVS = 128
LONGEST_STRING = 255  # message centres send more than the standard's lengths; this is the bound

RESPONSE = 0x80000000
GENERIC_NACK = RESPONSE
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x01, 0x02, 0x09
QUERY_SM, SUBMIT_SM, DELIVER_SM, UNBIND = 0x03, 0x04, 0x05, 0x06
REPLACE_SM, CANCEL_SM, OUTBIND, ENQUIRE_LINK = 0x07, 0x08, 0x0B, 0x15
SUBMIT_MULTI, ALERT_NOTIFICATION, DATA_SM = 0x21, 0x102, 0x103
BROADCAST_SM, QUERY_BROADCAST_SM, CANCEL_BROADCAST_SM = 0x111, 0x112, 0x113

_BIND = "c0F c0E c53 i i i c0D"
_SHORT_MESSAGE = "c15 i i c0A i i c0B i i i c61 c62 i i i i s"
_REQUESTS = {
    BIND_RECEIVER: _BIND,
    BIND_TRANSMITTER: _BIND,
    BIND_TRANSCEIVER: _BIND,
    QUERY_SM: "c0C i i c0A",
    SUBMIT_SM: _SHORT_MESSAGE,
    DELIVER_SM: _SHORT_MESSAGE,
    UNBIND: "",
    REPLACE_SM: "c0C i i c0A c61 c62 i i s",
    CANCEL_SM: "c15 c0C i i c0A i i c0B",
    OUTBIND: "c0F c0E",
    ENQUIRE_LINK: "",
    SUBMIT_MULTI: "c15 i i c0A d i i i c61 c62 i i i i s",
    ALERT_NOTIFICATION: "i i c0A i i c0B",
    DATA_SM: "c15 i i c0A i i c0B i i i",
    BROADCAST_SM: "c15 i i c0A c0C i c61 c62 i i i",
    QUERY_BROADCAST_SM: "c0C i i c0A",
    CANCEL_BROADCAST_SM: "c15 c0C i i c0A",
}
_RESPONSES = {
    GENERIC_NACK: "",
    BIND_RECEIVER | RESPONSE: "c0F",
    BIND_TRANSMITTER | RESPONSE: "c0F",
    BIND_TRANSCEIVER | RESPONSE: "c0F",
    QUERY_SM | RESPONSE: "c0C c62 i i",
    SUBMIT_SM | RESPONSE: "c0C",
    DELIVER_SM | RESPONSE: "c0C",
    UNBIND | RESPONSE: "",
    REPLACE_SM | RESPONSE: "",
    CANCEL_SM | RESPONSE: "",
    ENQUIRE_LINK | RESPONSE: "",
    SUBMIT_MULTI | RESPONSE: "c0C u",
    DATA_SM | RESPONSE: "c0C",
    BROADCAST_SM | RESPONSE: "c0C",
    QUERY_BROADCAST_SM | RESPONSE: "c0C",
    CANCEL_BROADCAST_SM | RESPONSE: "",
}
_BODIES = {number: row.split() for number, row in (_REQUESTS | _RESPONSES).items()}
KNOWN = frozenset(_BODIES)
NO_ANSWER = frozenset({OUTBIND, ALERT_NOTIFICATION})


class Refused(Exception):
    def __init__(self, status):
        self.status = status


def status_of(command_id, body):
    """0 when the body of a known command can be read, else the status to refuse it with.

    A response is an answer whatever its body is, and of an optional part only the text counts.
    """
    if command_id & RESPONSE:
        return 0
    try:
        at = tlvs_begin_at(command_id, body)
    except Refused as refused:
        return refused.status
    _, rest = tlvs_of(body, at)
    return INVALID_TLV_STREAM if rest[:2] == b"\x04\x24" else 0


def is_tolerated(command_id, body):
    """Whether something in the body has to be passed over."""
    try:
        return tlvs_of(body, tlvs_begin_at(command_id, body))[1] != b""
    except Refused:
        return True


def tlvs_begin_at(command_id, body):
    """The octet after the last mandatory field. Raises `Refused`."""
    row = _BODIES[command_id]
    if command_id & RESPONSE:
        if not body:  # an error needs none, and many leave it away from a success too
            return 0
        if row and b"\0" not in body:  # an id without its NUL
            body += b"\0"
    at = 0
    for kind in row:
        at = _after(kind, body, at)
    return at


def tlvs_of(body, at):
    """(tag, value) pairs, and the octets after the last that can be read."""
    found: list[tuple[int, bytes]] = []
    while at < len(body) and len(found) < MOST_TLVS:
        tag, length = body[at : at + 2], int.from_bytes(body[at + 2 : at + 4], "big")
        value = body[at + 4 : at + 4 + length]
        if len(body) - at < 4 or len(value) < length:
            break
        found.append((int.from_bytes(tag, "big"), value))
        at += 4 + length
    return found, body[at:]


def _after(kind, body, at):
    if kind == "i":
        return _octets(body, at, 1)
    if kind == "s":
        at = _octets(body, at, 1)
        return _octets(body, at, body[at - 1], INVALID_MESSAGE_LENGTH)
    if kind in "du":
        at = _octets(body, at, 1)
        for _ in range(body[at - 1]):
            at = _destination(body, at) if kind == "d" else _octets(body, _address(body, at), 4)
        return at
    return _string(body, at, int(kind[1:], 16))


def _octets(body, at, count, status=INVALID_COMMAND_LENGTH):
    if at + count > len(body):
        raise Refused(status)
    return at + count


def _string(body, at, status):
    text, nul, _ = body[at:].partition(b"\0")
    if not nul:
        raise Refused(INVALID_COMMAND_LENGTH)
    if len(text) > LONGEST_STRING:
        raise Refused(status)
    return at + len(text) + 1


def _address(body, at):
    return _string(body, _octets(body, at, 2), 0x0B)


def _destination(body, at):
    at = _octets(body, at, 1)
    match body[at - 1]:
        case 1:
            return _address(body, at)
        case 2:
            return _string(body, at, 0x34)
    raise Refused(INVALID_DESTINATION_FLAG)
