from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpost.config import Settings, load
from simpost.config.carriers import CARRIER_TYPES
from simpost.config.lines import key_lines, line_of
from simpost.errors import ConfigError

TOKEN = "a-token-of-some-length"
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
TYPES = ", ".join(f"'{name}'" for name in CARRIER_TYPES)
LEAST = f"""\
[server]
admin_token = "{TOKEN}"

[store]
secrets_key = "{KEY}"
"""
CARRIER = """\
[[carriers]]
type = "smpp"
name = "one"
host = "smsc.example"
system_id = "reseller"
password = "hush"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "simpost.toml"


def loaded(file: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    file.write_text(text, "utf-8")
    return load(file, environment)


def problems(file: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(file, text, environment)
    return str(error.value).replace(str(file), "FILE").splitlines()


def test_a_file_needs_only_secrets(file: Path) -> None:
    found = loaded(file, LEAST)
    assert (found.server.host, found.server.port) == ("127.0.0.1", 8080)
    assert found.server.admin_token.get_secret_value() == TOKEN
    assert found.messages.validity_s == 172_800
    assert found.messages.repeat_in_doubt == {"service", "support", "notice", "promotion"}
    assert (found.carriers, found.routes) == ((), ())


def test_a_carrier_and_its_route_are_read(file: Path) -> None:
    found = loaded(
        file,
        LEAST + CARRIER + 'languages = [1, "pt"]\nrate_per_s = 5\n[[routes]]\ncarrier = "one"\n'
        'msisdn_prefix = "66"\n',
    )
    (carrier,), (route,) = found.carriers, found.routes
    assert (carrier.port, carrier.window, carrier.bind) == (2775, 10, "transceiver")
    assert carrier.languages == {1, 3}
    assert carrier.rate_per_s == 5
    assert (route.carrier, route.msisdn_prefix) == ("one", "66")


def test_a_route_names_one_carrier_or_several_in_order(file: Path) -> None:
    two = CARRIER + CARRIER.replace('"one"', '"two"')
    text = LEAST + two + '[[routes]]\ncarriers = ["two", "one"]\n[[routes]]\ncarrier = "one"\n'
    assert [route.order for route in loaded(file, text).routes] == [("two", "one"), ("one",)]


def test_a_relative_store_is_beside_the_file(file: Path) -> None:
    assert loaded(file, LEAST).store.path == file.parent / "simpost.db"
    inside = LEAST + 'database_url = "sqlite:///data/my.db"\n'
    assert loaded(file, inside).store.path == file.parent / "data" / "my.db"
    absolute = LEAST + 'database_url = "sqlite:////var/lib/simpost.db"\n'
    assert loaded(file, absolute).store.path == Path("/var/lib/simpost.db")


def test_a_store_may_be_a_database_whose_password_is_not_shown(file: Path) -> None:
    url = "postgresql://simpost:pass-word@db1,db2/simpost"
    found = loaded(file, LEAST + f'database_url = "{url}"\nlisten_url = "{url}"\n')
    assert found.store.database_url == url
    assert not found.store.is_embedded
    assert "pass-word" not in repr(found)


def test_no_secret_is_shown(file: Path) -> None:
    shown = repr(loaded(file, LEAST + CARRIER))
    for secret in (TOKEN, KEY, "hush"):
        assert secret not in shown


def test_a_wrong_secret_is_not_shown(file: Path) -> None:
    text = LEAST.replace(TOKEN, "tiny-secret").replace(KEY, "key-secret")
    text += CARRIER.replace('"hush"', '"password-secret"')
    assert "secret" not in "\n".join(problems(file, text)).replace("secrets_key", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[server]", "[server]\nhots = 1",
         "FILE:2: server.hots: unknown setting; did you mean 'host'?"),
        ("admin_token", "operator_token",
         "FILE:2: server.operator_token: was renamed: write 'admin_token'"),
        ("[server]", "[sever]", "FILE:1: sever: unknown setting; did you mean 'server'?"),
        ("[server]", '[server]\nport = "80"', "FILE:2: server.port: must be a whole number"),
        ("[server]", "[server]\nport = true", "FILE:2: server.port: must be a whole number"),
        ("[server]", "[server]\nport = 70000",
         "FILE:2: server.port: must be at most 65535"),
        ("[server]", "[server]\nhost = 1", "FILE:2: server.host: must be text"),
        ("[server]", "[server]\nallow_private_webhooks = 1",
         "FILE:2: server.allow_private_webhooks: must be true or false"),
        (f'admin_token = "{TOKEN}"', "", "FILE:1: server.admin_token: is missing"),
        (TOKEN, "short", "FILE:2: server.admin_token: must have at least 16 characters"),
        (KEY, "AAAA",
         "FILE:5: store.secrets_key: must be a Fernet key: 32 octets in URL-safe base64"),
        ("[store]", '[store]\ndatabase_url = "mysql://db/x"',
         ("FILE:5: store.database_url: must be sqlite:///FILE or"
          " postgresql://USER:PASSWORD@HOST/DATABASE")),
        ("[store]", '[store]\nlisten_url = "db/x"',
         "FILE:5: store.listen_url: must be postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("[store]", '[store]\ndatabase_url = "sqlite:///:memory:"',
         "FILE:5: store.database_url: must be a plain file: accepted messages must survive"),
        ("[store]", "[messages]\nvalidity_s = 59\n[store]",
         "FILE:5: messages.validity_s: must be at least 60"),
        ("[store]", '[messages]\nrepeat_in_doubt = [\n"code",\n"spam"]\n[store]',
         ("FILE:7: messages.repeat_in_doubt[1]: must be 'code', 'service', 'support', 'notice' or"
          " 'promotion'")),
        ("[server]", "messages = 1\n[server]", "FILE:1: messages: must be a table"),
        ("[server]", "routes = 1\n[server]", "FILE:1: routes: must be a list"),
        ('"smpp"', '"smtp"', f"FILE:7: carriers[0].type: must be one of {TYPES}"),
        ('type = "smpp"\n', "", "FILE:6: carriers[0].type: is missing"),
        ('"smpp"', '"http"', "FILE:6: carriers[0].url: is missing"),
        ('"smpp"', '"http"', "FILE:9: carriers[0].host: unknown setting"),
        ('"smpp"', '"http"\nurll = 1',
         "FILE:8: carriers[0].urll: unknown setting; did you mean 'url'?"),
        ('"smpp"', '"http"\nurl = "ftp://x"', ("FILE:8: carriers[0].url: must be a URL that begins "
         "with https:// or http:// and names a host")),
        ('"smpp"', '"http"\nurl = "https://u:p@x/"', ("FILE:8: carriers[0].url: must not contain "
         "credentials: put them into auth or headers")),
        ('"smpp"', '"http"\nbody = { to = "{destination}", text = "{txt}" }',
         ("FILE:8: carriers[0].body: has no placeholder {txt} (known: {destination}, {text}, "
         "{sender}, {message_id}, {part}, {parts}, {encoding}, {request_id})")),
        ('"smpp"', '"http"\nurl = "https://{text}.example/"',
         "FILE:8: carriers[0].url: must not have a placeholder in its host"),
        ('"smpp"', '"http"\nerrors = { 1 = "throttle" }',
         ("FILE:8: carriers[0].errors.1: 'throttle' is no outcome (known: accepted, throttled, "
          "refused, unreachable, in_doubt)")),
        ('"smpp"', '"http"\nstatuses = { 4xx = "refused/no_receipt" }',
         ("FILE:8: carriers[0].statuses.4xx: refused has no reason 'no_receipt' (known: "
          "carrier_refused, undeliverable, opted_out, sender_not_allowed, sms_not_supported, "
          "not_installed, text_too_long)")),
        ('"smpp"', '"http"\nauth = { type = "basik" }',
         ("FILE:8: carriers[0].auth.type: must be one of 'basic', 'bearer', 'api_key', 'oauth2', "
          "'log_in', 'hmac'")),
        ('"smpp"', '"http"\nauth = { type = "basic", user = "x" }',
         "FILE:8: carriers[0].auth.user: unknown setting; did you mean 'username'?"),
        ('"smpp"', '"http"\nauth = { type = "basic", username = "x" }',
         "FILE:8: carriers[0].auth.password: is missing"),
        ('"smpp"', '"http"\nauth = { type = "hmac", secret = "x", header = "X", signed = "{a}" }',
         "FILE:8: carriers[0].auth.signed: has no placeholder {a}"),
        ('"smpp"', ('"http"\nauth = { type = "hmac", secret = "x", header = "X", '
         'signed = "{body}}" }'),
         "FILE:8: carriers[0].auth.signed: has a brace without its other one"),
        ('"smpp"', ('"http"\nauth = { type = "log_in", url = "https://x.example/", '
         'body = { a = "b" }, headers = { X = "{token}\\r\\nY: 1" } }'),
         "FILE:8: carriers[0].auth.headers: the value of X must be printable ASCII"),
        ('"smpp"', ('"http"\nauth = { type = "log_in", url = "https://x.example/", '
         'body = { a = "b" }, headers = { Content-Length = "{token}" } }'),
         "FILE:8: carriers[0].auth.headers.Content-Length.[key]: Content-Length is set by simpost"),
        ('"smpp"', '"http"\nauth = { type = "api_key", keys = { Host = "x" } }',
         "FILE:8: carriers[0].auth: Host is set by simpost"),
        ('"smpp"', '"http"\nbody = { to = "{destination}" }',
         "FILE:8: carriers[0].body: must have the placeholder {text}"),
        ('"smpp"', '"http"\nheaders = { Host = "x" }',
         "FILE:8: carriers[0].headers: Host is set by simpost"),
        ('"smpp"', ('"http"\ncallback = { format = "query", id_path = "a", state_path = "b", '
         'states = { c = "failed" }, signature_header = "X", signature_secret = "d" }'),
         "FILE:8: carriers[0].callback: a signature is of the body: it does not secure a query"),
        ('"smpp"', '"http"\nurl = "https://x.example/?t={text}#a"',
         "FILE:8: carriers[0].url: must not have a fragment (#): it is not sent"),
        ('"smpp"', '"http"\nurl = "https://x.example/{text}|a"',
         "FILE:8: carriers[0].url: has characters that must be percent-encoded"),
        ('"smpp"', '"http"\nheaders = { "X-A\\n" = "x" }',
         "FILE:8: carriers[0].headers: 'X-A\\n' is no header name"),
        ('"smpp"', '"http"\ncallback_token = "a-secret-with-a-line-end\\n"',
         ("FILE:8: carriers[0].callback_token: must be 24 characters or more: letters, digits, - "
          "and _")),
        ('"hush"', '"hush-hush"',
         "FILE:11: carriers[0].password: must be ASCII of at most 8 octets"),
        ('"reseller"', '"a-name-of-16-oct"',
         "FILE:10: carriers[0].system_id: must have at most 15 characters"),
        ('"hush"', '"hush"\nwindow = 0',
         "FILE:12: carriers[0].window: must be at least 1"),
        ('"hush"', '"hush"\nlanguages = [\n14]',
         "FILE:13: carriers[0].languages[0]: must be at most 13"),
        ('"hush"', '"hush"\nsource_address = "much too long"',
         ("FILE:12: carriers[0].source_address: must be up to 15 digits, or up to 11 letters and"
          " digits")),
        ('"hush"', '"hush"\nsource_address = "1234567890123456"',
         ("FILE:12: carriers[0].source_address: must be up to 15 digits, or up to 11 letters and"
          " digits")),
        ('"hush"', '"hush"\nprice_per_part = 0.045',
         "FILE:12: carriers[0].price_per_part: must be text"),
        ('"hush"', '"hush"\nprice_per_part = "0.00045"',
         ("FILE:12: carriers[0].price_per_part: must be a decimal number with at most 4 decimals,"
          ' such as "0.0450"')),
        ('"hush"', '"hush"\nprices = { TH = "1000.0001" }',
         "FILE:12: carriers[0].prices: TH: must be at most 1000.0000"),
        ('"hush"', '"hush"\nprices = { thai = "1" }',
         ("FILE:12: carriers[0].prices: 'thai' must be a country such as TH, the digits of numbers,"
          " or plan: and the slug or package code of a plan")),
        ('"hush"', '"hush"\nsenders = ["Shop",\n""]',
         "FILE:13: carriers[0].senders[1]: must not be empty"),
        ('"hush"', '"hush"\nshort_code_ton_npi = "8/0"',
         "FILE:12: carriers[0].short_code_ton_npi: must match ^[0-7]/(?:1[0-8]|[0-9])$"),
        ('"hush"', '"hush"\ndefault_alphabet = "latin1"\ngsm7 = "packed"',
         'FILE:13: carriers[0].gsm7: needs default_alphabet = "gsm7"'),
        ('"hush"', '"hush"\ndefault_alphabet = "ascii"\nlanguages = [1]',
         'FILE:13: carriers[0].languages: needs default_alphabet = "gsm7"'),
        ('"hush"', '"hush"\nconcatenation = "both"',
         "FILE:12: carriers[0].concatenation: must be 'udh', 'sar' or 'payload'"),
        ('"hush"', '"hush"\nrate_per_s = nan',
         "FILE:12: carriers[0].rate_per_s: must be a finite number"),
        ('"hush"', '"hush"\nreconnect_min_s = 90',
         "FILE:12: carriers[0].reconnect_min_s: must not be above reconnect_max_s"),
        ('"hush"', '"hush"\n[[routes]]\ncarrier = "two"',
         "FILE:13: routes[0].carrier: no carrier 'two' (known: one)"),
        ('"hush"', '"hush"\n[[routes]]\ncarriers = ["one",\n"two"]',
         "FILE:14: routes[0].carriers[1]: no carrier 'two' (known: one)"),
        ('"hush"', '"hush"\n[[routes]]\ncarriers = ["one", "one"]',
         "FILE:13: routes[0].carriers[1]: 'one' is named twice"),
        ('"hush"', '"hush"\n[[routes]]\ncarrier = "one"\ncarriers = ["one"]',
         "FILE:14: routes[0].carriers: give either carrier or carriers"),
        ('"hush"', '"hush"\n[[routes]]\nplan = "TH_1_7"',
         "FILE:12: routes[0].carrier: is missing: name one, or several in `carriers`"),
        ('"hush"', '"hush"\n[[routes]]\ncarrier = "one"\nprefix = "66"',
         "FILE:14: routes[0].prefix: unknown setting; did you mean 'imsi_prefix'?"),
        ('"hush"', '"hush"\n[[routes]]\ncarrier = "one"\nmsisdn_prefix = "+66"',
         "FILE:14: routes[0].msisdn_prefix: must match ^[0-9]*$"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_file_line_key_and_reason(
    file: Path, old: str, new: str, said: str
) -> None:
    text = LEAST + CARRIER
    assert old in text
    assert said in problems(file, text.replace(old, new, 1))


def test_two_carriers_of_one_name_are_refused(file: Path) -> None:
    (said,) = problems(file, LEAST + CARRIER + CARRIER)
    assert said == "FILE:14: carriers[1].name: there is already a carrier 'one'"


def test_two_sources_of_one_name_are_refused(file: Path) -> None:
    source = """
[[sources]]
type = "esim_access"
name = "supplier"
account = "shop"
access_code = "code"
"""
    (said,) = problems(file, LEAST + source + source)
    assert said.endswith("sources[1].name: there is already a source 'supplier'")


def test_a_copy_that_is_stale_before_the_next_pull_is_refused(file: Path) -> None:
    source = """
[[sources]]
type = "esim_access"
name = "supplier"
account = "shop"
access_code = "code"
interval_s = 600
stale_after_s = {}
"""
    (said,) = problems(file, LEAST + source.format(600))
    reason = "must be above interval_s (600): each copy would be stale"
    assert said.endswith(f"sources[0].stale_after_s: {reason}")
    file.write_text(LEAST + source.format(601))
    assert load(file).sources[0].stale_after_s == 601


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(file: Path) -> None:
    text = LEAST.replace("[store]", "port = -1\nhost = 1\n[store]") + CARRIER + "window = 2000\n"
    lines = [int(said.split(":")[1]) for said in problems(file, text)]
    assert lines == [4, 5, 14]


@pytest.mark.parametrize("text", ["[server\n", "a = 1\na = 2\nb = 3", "a = \n", "\x00"])
def test_a_file_that_is_not_toml_is_reported_with_the_position(file: Path, text: str) -> None:
    (said,) = problems(file, text)
    assert said.startswith("FILE: not valid TOML: ")
    assert "line" in said


def test_a_file_that_is_not_there_says_how_to_make_one(file: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; `simpost init"):
        load(file)


def test_a_binary_file_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8 at octet 0"):
        load(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file.parent)


def test_the_environment_overrides_the_file(file: Path) -> None:
    found = loaded(
        file,
        LEAST + "[log]\nlevel = 'error'\n",
        {
            "SIMPOST_SERVER__PORT": "9000",
            "SIMPOST_SERVER__HOST": "0.0.0.0",
            "SIMPOST_SERVER__ALLOW_PRIVATE_WEBHOOKS": "true",
            "SIMPOST_SERVER__ADMIN_TOKEN": "1234567890123456",
            "SIMPOST_MESSAGES__REPEAT_IN_DOUBT": '["code"]',
            "SIMPOST_LOG__LEVEL": "debug",
            "SIMPOST_URL": "http://elsewhere",
            "SIMPOST_SERVER_PORT": "tcp://10.0.0.1:80",
            "PATH": "/bin",
        },
    )
    assert (found.server.port, found.server.host) == (9000, "0.0.0.0")
    assert found.server.allow_private_webhooks
    assert found.server.admin_token.get_secret_value() == "1234567890123456"
    assert found.messages.repeat_in_doubt == {"code"}
    assert found.log.level == "debug"


def test_a_mistake_in_the_environment_is_reported_as_such(file: Path) -> None:
    said = problems(file, LEAST, {"SIMPOST_SERVER__PORT": "many", "SIMPOST_LOG__COLOUR": "red"})
    assert sorted(said) == [
        "environment SIMPOST_LOG__COLOUR: log.colour: unknown setting",
        "environment SIMPOST_SERVER__PORT: server.port: must be a whole number",
    ]


LINES = '''\
# [no.table] = "here"
top = 1
"quoted key" = [ # ]
  1, [2,
  3], "]",
]
dotted.key.deep = """
[not.a.table]
a = \\"""1
""""

[a]
text = \'\'\'
[b] = 1 \'\'\'
inline = { x = 1, y = [ { z = 1.5 },
  { z = "}" } ] }
[a . "b.c"]
date = 1979-05-27T07:32:00Z
[[list]]
x = 1
[list.inner]
y = 1
[[list]]
[[list.deep]]
z = 1
[[list.deep]]
z = 2
'''


def test_every_key_is_found_in_its_line() -> None:
    tomllib.loads(LINES)
    expected: dict[tuple[str | int, ...], int] = {
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", 0): 4,
        ("quoted key", 1): 4,
        ("quoted key", 1, 1): 5,
        ("quoted key", 2): 5,
        ("dotted",): 7,
        ("dotted", "key", "deep"): 7,
        ("a",): 12,
        ("a", "text"): 13,
        ("a", "inline", "x"): 15,
        ("a", "inline", "y", 0, "z"): 15,
        ("a", "inline", "y", 1, "z"): 16,
        ("a", "b.c"): 17,
        ("a", "b.c", "date"): 18,
        ("list",): 19,
        ("list", 0): 19,
        ("list", 0, "x"): 20,
        ("list", 0, "inner", "y"): 22,
        ("list", 1): 23,
        ("list", 1, "deep", 0, "z"): 25,
        ("list", 1, "deep", 1): 26,
        ("list", 1, "deep", 1, "z"): 27,
    }
    lines = key_lines(LINES)
    assert {path: lines.get(path) for path in expected} == expected


def test_a_missing_key_has_the_line_of_its_table() -> None:
    lines = key_lines("\n[a]\nb = 1\n")
    assert line_of(lines, ("a", "missing", 3)) == 2
    assert line_of(lines, ("missing",)) == 1


_KEYS = st.text("abc-_9", min_size=1, max_size=3) | st.text(max_size=3).map(
    lambda text: text.encode("utf-8", "ignore").decode()
)
_SCALARS = (
    st.integers(-5, 5)
    | st.booleans()
    | st.sampled_from(
        ["x", "[y]", "}", "#", "a\nb", 'quote"', "'''", '"""', "\\", "a = 1", "\ttab"]
    )
    | st.sampled_from([1.5, -0.25])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
    )


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _quoted(value)
        case list():
            return "[\n" + ",\n".join(map(_written, value)) + " # end\n]"
        case dict():
            pairs = ", ".join(f"{_quoted(key)} = {_written(each)}" for key, each in value.items())
            return f"{{ {pairs} }}"
        case _:
            return repr(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=3)), max_size=3))
def test_any_toml_has_a_line_for_every_key(tables: list[tuple[str, dict[str, Any]]]) -> None:
    text, expected = "", {}
    for index, (name, pairs) in enumerate(tables):
        table = f"{index}{name}"
        text += f"\n[{_quoted(table)}] # comment = [\n"
        for key, value in pairs.items():
            expected[(table, key)] = text.count("\n") + 1
            text += f"{_quoted(key)} = {_written(value)}\n"
    tomllib.loads(text)
    lines = key_lines(text)
    assert {path: lines[path] for path in expected} == expected


def test_inbound_numbers_are_read_and_unique(file: Path) -> None:
    numbers = (
        '[[numbers]]\nnumber = "+447700900001"\naccount = "shop"\n[[numbers]]\nnumber = "{}"\n'
    )
    found = loaded(file, LEAST + numbers.format("12345")).numbers
    assert [(each.number, each.account) for each in found] == [
        ("+447700900001", "shop"),
        ("12345", ""),
    ]
    with pytest.raises(ConfigError, match=r":\d+: numbers\[1\]\.number: '447700900001' is there"):
        loaded(file, LEAST + numbers.format("447700900001"))


@pytest.mark.parametrize(
    ("lines", "key", "reason"),
    [
        ('oidc_issuer = "https://a.example"', "oidc_issuer", "needs it"),
        ('oidc_client_id = "c"\noidc_issuer = "http://a.example"', "oidc_issuer", "https://"),
        ('oidc_client_id = "c"\noidc_issuer = "https://a.example/?b"', "oidc_issuer", "without ?"),
        ('oidc_client_id = "c"\noidc_issuer = "https://a@b.example"', "oidc_issuer", "a URL"),
        ('oidc_client_id = "c"\noidc_issuer = "https://[a"', "oidc_issuer", "valid URL"),
        ('oidc_scopes = "email"', "oidc_scopes", "must match"),
        ("password_sign_in = false", "password_sign_in", "nobody could sign in"),
    ],
)
def test_single_sign_on_that_cannot_work_is_refused(
    file: Path, lines: str, key: str, reason: str
) -> None:
    [problem] = problems(file, f"{LEAST}\n[console]\n{lines}\n")
    assert f"console.{key}" in problem or "console.oidc_client_id" in problem
    assert reason in problem


def test_single_sign_on_needs_an_issuer_and_a_client(file: Path) -> None:
    text = f'{LEAST}\n[console]\noidc_issuer = "http://localhost:1"\npassword_sign_in = false\n'
    given = {"SIMPOST_CONSOLE__OIDC_CLIENT_ID": "c", "SIMPOST_CONSOLE__OIDC_CLIENT_SECRET": "1"}
    found = loaded(file, text, given).console
    assert found.oidc_client_secret.get_secret_value() == "1"
    assert (found.oidc_client_id, found.password_sign_in) == ("c", False)
