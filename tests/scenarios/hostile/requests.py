"""Hostile requests as octets, generated from a seed, so that a run can be repeated."""

import base64
import hashlib
import hmac
import json
import time
from typing import NamedTuple

from tests.scenarios.hostile.calls import Endpoint, hostile_call

PRIVATE = "the text of nobody's business"
SEND = "/api/v1/open/esim/sendSms"
NATIVE = "/v1/messages"
_UNFINISHED = (
    "wrong_length",
    "two_lengths",
    "cut_body",
    "spoilt_chunks",
    "strange_method",
    "no_http",
    "bent",
)
"""Of those more may be expected: they end with the end of what is sent."""


_CALLS = 10
"""How many times more often an endpoint of the document is called than another kind is made."""


class HostileRequest(NamedTuple):
    """Octets; whether they are whole, so that an answer must come; the endpoint if they are a call.

    A call is valid HTTP: its answer must be as the document has it.
    """

    octets: bytes
    is_whole: bool
    endpoint: Endpoint | None = None


class Hostile:
    """Every method that `kinds` lists makes one request; `who` has access code and secret.

    `key` is an API key of the same account with all scopes but `admin`, `known` what exists.
    """

    def __init__(self, chance, esim, access_code, secret, token, key, known):
        self.chance = chance
        self.who = {"RT-AccessCode": access_code, "RT-SecretKey": secret}
        self.admin = {"Authorization": f"Bearer {token}"}
        self.key = key
        self.known = known
        self.esim = esim
        self.kinds = (
            self.deep_json,
            self.strange_json,
            self.strange_text,
            self.bad_utf_8,
            self.zero_octets,
            self.many_headers,
            self.long_header,
            self.long_path,
            self.wrong_length,
            self.two_lengths,
            self.cut_body,
            self.spoilt_chunks,
            self.large_body,
            self.other_signature,
            self.strange_credentials,
            self.strange_query,
            self.strange_key,
            self.strange_batch,
            self.strange_template,
            self.strange_method,
            self.no_http,
            self.bent,
        )

    def one(self):
        """Some request."""
        number = self.chance.randrange(len(self.kinds) + _CALLS)
        return self.make(self.kinds[number]) if number < len(self.kinds) else self.call()

    def make(self, kind):
        return HostileRequest(kind(), kind.__name__ not in _UNFINISHED)

    def call(self):
        """Of any endpoint of the document."""
        endpoint, target, body = hostile_call(self.chance, self.known)
        by_key = {"Authorization": f"Bearer {self.key}"}
        who = self.chance.choice((self.who, by_key)) if target.startswith("/v1/") else self.who
        is_admins = target.startswith(("/v1/admin/", "/metrics"))
        headers = {**(self.admin if is_admins else who), "Connection": "close"}
        if body:
            headers["Content-Type"] = "application/json"
        elif endpoint.method != "GET":
            headers["Content-Length"] = "0"
        return HostileRequest(
            self._ask(endpoint.method, target, headers, body), is_whole=True, endpoint=endpoint
        )

    # Bodies.

    def deep_json(self):
        depth = self.chance.choice((100, 1_001, 20_000, 200_000))
        opened, closed = self.chance.choice((("[", "]"), ('{"message":', "}")))
        inner = opened * (depth // len(opened)) + "1"
        return self._send(inner + self.chance.choice(("", closed * (depth // len(opened)))))

    def strange_json(self):
        return self._send(
            self.chance.choice(
                (
                    "",
                    "null",
                    "[]",
                    '"text"',
                    "NaN",
                    "1" * 5_000,
                    '{"message":1e999,"esimTranNo":-0}',
                    '{"message":"a","message":"b","esimTranNo":"1","esimTranNo":{}}',
                    '{"message":["a"],"iccid":true}',
                    "{" + ",".join(f'"k{n}":{n}' for n in range(5_000)) + "}",
                    '{"message":"\\ud800","esimTranNo":"1"}',
                    '\ufeff{"message":"a"}',
                    '{"message":"a"} {"message":"b"}',
                )
            )
        )

    def strange_text(self):
        """Of this eSIM, so that it comes as far as any: what is not taken is refused."""
        letter = self.chance.choice(
            ("\u200b", "\U0001f468\u200d\U0001f469", "\u0301", "\u202e", "x")
        )
        text = PRIVATE + letter * self.chance.choice((600, 5_000, 100_000))
        return self._send(json.dumps({"esimTranNo": self.esim, "message": text, "text": text}))

    def bad_utf_8(self):
        octets = self.chance.choice(
            (b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")
        )
        return self._send(b'{"esimTranNo":"%b","message":"%b"}' % (self.esim.encode(), octets))

    def zero_octets(self):
        where = self.chance.randrange(4)
        if where == 0:
            return self._send(b'{"esimTranNo":"1","message":"\x00"}')
        if where == 1:
            return self._send(json.dumps({"esimTranNo": self.esim, "message": "\x00"}))
        if where == 2:
            return self._ask("GET", f"{NATIVE}/%00", self.who)
        return self._ask("POST", SEND, {**self.who, "RT-RequestID": "a\x00b"}, b"{}")

    def large_body(self):
        return self._send(
            b'{"message":"' + b"m" * self.chance.choice((1_048_576, 2_500_000)) + b'"}'
        )

    # Heads.

    def many_headers(self):
        count = self.chance.choice((200, 1_000, 10_000))
        return self._ask("POST", SEND, {**self.who, **{f"X-{n}": "m" for n in range(count)}}, b"{}")

    def long_header(self):
        name = self.chance.choice(("X-Long", "RT-RequestID", "Cookie", "Authorization"))
        octets = self.chance.choice((129, 8_000, 60_000, 300_000))
        return self._ask("POST", SEND, {**self.who, name: "m" * octets}, b"{}")

    def long_path(self):
        octets = self.chance.choice((2_000, 60_000, 300_000))
        return self._ask("GET", "/v1/messages/" + "%41" * (octets // 3), self.who)

    def wrong_length(self):
        length = self.chance.choice(
            ("-1", "+2", "0x2", "two", "", "1e3", "99999999999999999999", "2 2")
        )
        return self._ask("POST", SEND, {**self.who, "Content-Length": length}, b"{}", counted=False)

    def two_lengths(self):
        both = {**self.who, "Content-Length": "2", "Transfer-Encoding": "chunked"}
        twice = {**self.who, "Content-Length": "2\r\nContent-Length: 40"}
        headers = self.chance.choice((both, twice))
        return self._ask("POST", SEND, headers, b"{}", counted=False)

    def cut_body(self):
        headers = {**self.who, "Content-Length": str(self.chance.choice((3, 1_000, 900_000)))}
        return self._ask("POST", SEND, headers, b"{}", counted=False)

    def spoilt_chunks(self):
        chunks = self.chance.choice(
            (
                b"zz\r\n{}\r\n0\r\n\r\n",
                b"ffffffffffffffff\r\n{}",
                b"-2\r\n{}\r\n",
                b"2;" + b"e" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
                b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
                b"2\r\n{}{}\r\n0\r\n\r\n",
                b"1\r\n{\r\n" * 50_000,
            )
        )
        headers = {**self.who, "Transfer-Encoding": "chunked"}
        return self._ask("POST", SEND, headers, chunks, counted=False)

    # Who asks, and what for.

    def other_signature(self):
        """Right for other octets than those that come."""
        body = json.dumps({"esimTranNo": self.esim, "message": PRIVATE}).encode()
        at, request = str(time.time_ns() // 1_000_000), f"r{self.chance.random()}"
        signed = (at + request + self.who["RT-AccessCode"]).encode() + body + b" "
        key = self.who["RT-SecretKey"].encode()
        headers = {
            "RT-AccessCode": self.who["RT-AccessCode"],
            "RT-Timestamp": self.chance.choice((at, at, "0", "-1", "9" * 40, "now")),
            "RT-RequestID": request,
            "RT-Signature": hmac.new(key, signed, hashlib.sha256).hexdigest(),
        }
        return self._ask("POST", SEND, headers, body)

    def strange_credentials(self):
        basic = base64.b64encode(self.chance.randbytes(self.chance.choice((1, 30, 6_000)))).decode()
        headers = self.chance.choice(
            (
                {"Authorization": f"Basic {basic}"},
                {"Authorization": "Basic ===="},
                {"Authorization": f"Bearer {basic}"},
                {"Authorization": "Bearer \xff"},
                {"RT-AccessCode": "\xff\xfe", "RT-SecretKey": "s"},
                {"RT-AccessCode": "a\r\nRT-AccessCode: b", "RT-SecretKey": "s"},
            )
        )
        path = self.chance.choice((SEND, NATIVE, "/v1/admin/accounts", "/metrics"))
        return self._ask(self.chance.choice(("GET", "POST")), path, headers, b"{}")

    def strange_key(self):
        """Not quite the key."""
        other = list(self.key)
        other[self.chance.randrange(len(other))] = self.chance.choice("0aZ_ \xff\t")
        key = self.chance.choice(
            (
                "".join(other),
                self.key + "x" * self.chance.choice((1, 9_000)),
                self.key[: self.chance.randrange(len(self.key))],
                "sp_live_" + self.chance.choice("0zZ") * 10 + "_" + "0" * 49,
            )
        )
        path = self.chance.choice((NATIVE, "/v1/keys", "/v1/admin/accounts", SEND))
        return self._ask("POST", path, {"Authorization": f"Bearer {key}"}, b"{}")

    def strange_query(self):
        value = self.chance.choice(
            ("%00", "%ff", "1e999", "-1", "9" * 400, "%u0041", "\u2603", "'--")
        )
        name = self.chance.choice(("limit", "cursor", "from", "to", "state", "esimTranNo", "iccid"))
        path = self.chance.choice((NATIVE, "/v1/inbound", "/v1/admin/messages"))
        headers = self.admin if "admin" in path else self.who
        return self._ask("GET", f"{path}?account=bench&{name}={value}", headers)

    def strange_batch(self):
        row = self.chance.choice((1, None, {}, {"packageCode": "x" * 1_000}, {"volume": 1e308}, []))
        rows = [row] * self.chance.choice((1, 1, 1, 2_001))
        path = self.chance.choice(("/v1/admin/plans", "/v1/admin/accounts/bench/esims"))
        body = json.dumps(rows).encode()
        return self._ask("PUT", path, {**self.admin, "Content-Type": "application/json"}, body)

    def strange_template(self):
        """A template with broken or costly texts in any language, or a message with one."""
        chance = self.chance
        pieces = ("{", "}", "'", "#", "{a}", "{a, plural, ", "other {", "=1 {", "\0", "x" * 500)
        text = "".join(chance.choices(pieces, k=chance.choice((1, 5, 40))))
        value = chance.choice((1, 10**400, -0.5, 1e308, "x", "{a}", "\ud800", None, [], True))
        tag = "".join(chance.choices("abz-", k=3))
        tag = chance.choice(("en", "qq", "zh-Hant-TW", "e" * 40, "", tag))
        if chance.random() < 0.5:
            variables = {"a": {"type": chance.choice(("text", "number")), "longest": value}}
            path, body = "/v1/templates", {"variables": variables, "texts": {tag: text}}
            body["name"] = chance.choice(("t", "t", "T", "x" * 65))
        else:
            path, body = NATIVE, {"esimTranNo": self.esim, "template": "t", "language": tag}
            body["values"] = {chance.choice(("a", "b", "\ud800", "x" * 99)): value}
        headers = {**self.who, "Content-Type": "application/json"}
        return self._ask("POST", path, headers, json.dumps(body).encode())

    def strange_method(self):
        method = self.chance.choice(("TRACE", "CONNECT", "PROPFIND", "get", "OPTIONS", "HEAD"))
        upgrade = {"Connection": "Upgrade", "Upgrade": self.chance.choice(("websocket", "h2c"))}
        headers = {**self.who, **self.chance.choice(({}, upgrade))}
        return self._ask(method, self.chance.choice(("*", SEND, NATIVE, "//")), headers)

    def no_http(self):
        return self.chance.choice(
            (
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"GET / HTTP/9.9\r\n\r\n",
                b"GET\r\n\r\n",
                b"\x00" * 1_000,
                self.chance.randbytes(2_000),
            )
        )

    def bent(self):
        """A good request of which some octets are others."""
        body = json.dumps({"esimTranNo": "0", "message": PRIVATE}).encode()
        octets = bytearray(self._send(body))
        for _ in range(self.chance.randrange(1, 6)):
            octets[self.chance.randrange(len(octets))] = self.chance.randrange(256)
        return bytes(octets)

    def _send(self, body):
        if isinstance(body, str):
            body = body.encode("utf-8", "surrogatepass")
        path = self.chance.choice((SEND, SEND, NATIVE))
        headers = {**self.who, "Content-Type": "application/json"}
        return self._ask("POST", path, headers, body)

    def _ask(self, method, path, headers, body=b"", *, counted=True):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if counted and body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join((*lines, "", "")).encode("latin-1", "replace") + body
