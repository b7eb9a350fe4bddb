"""What `simpost check` says about a carrier's connections: the line, the key, the reason."""

import ssl

import pytest

from simpost.config import TlsMistake, load, tls_context
from simpost.errors import ConfigError
from tests.integration.carriers.authority import Authority

HEAD = """\
[server]
admin_token = "a-token-of-some-length"
[store]
secrets_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
[[carriers]]
type = "smpp"
name = "one"
host = "smsc.example"
system_id = "reseller"
password = "hush"
"""


@pytest.fixture
def check(tmp_path):
    """What is wrong with a carrier that has these lines, from line 11 on."""
    file = tmp_path / "simpost.toml"

    def problems(lines):
        file.write_text(HEAD + lines, "utf-8")
        try:
            load(file)
        except ConfigError as error:
            return str(error).replace(str(tmp_path), "").removeprefix("/simpost.toml:")
        return ""

    return problems


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("window = 0", "11: carriers[0].window: must be at least 1"),
        ("binds = 33", "11: carriers[0].binds: must be at most 32"),
        ("windw = 5", "11: carriers[0].windw: unknown setting; did you mean 'window'?"),
        ("tls_ca_file = 'ca.pem'", "11: carriers[0].tls_ca_file: needs tls = true"),
        ("tls_verify = false", "11: carriers[0].tls_verify: needs tls = true"),
        (
            "tls = true\ntls_ca_file = 'none.pem'",
            "12: carriers[0].tls_ca_file: /none.pem cannot be read: No such file or directory",
        ),
        (
            "tls = true\n\ntls_cert_file = 'none.pem'",
            "13: carriers[0].tls_cert_file: /none.pem cannot be read: No such file or directory",
        ),
        (
            "tls = true\ntls_ca_file = 'simpost.toml'",
            "12: carriers[0].tls_ca_file: holds no certificate in PEM",
        ),
        (
            "tls = true\ntls_cert_file = 'simpost.toml'",
            "12: carriers[0].tls_cert_file: no certificate and unencrypted key in PEM can be read",
        ),
        (
            "tls = true\ntls_key_file = 'key.pem'",
            "12: carriers[0].tls_key_file: needs tls_cert_file",
        ),
        (
            "tls = true\ntls_verify = false\ntls_server_name = 'mc'",
            "13: carriers[0].tls_server_name: is of no use with tls_verify = false",
        ),
        (
            "outbind_port = 2776",
            (
                "11: carriers[0].outbind_port: needs outbind_password: any caller would be "
                "sent our own password"
            ),
        ),
        (
            "tls = true\noutbind_port = 2776\noutbind_password = 'call'",
            (
                "12: carriers[0].outbind_port: cannot be used with tls = true: the call comes in "
                "clear text"
            ),
        ),
        ("outbind_host = '0.0.0.0'", "11: carriers[0].outbind_host: needs outbind_port"),
        (
            "[carriers.statuses]\n'0x45' = 'retry'\n'69' = 'retry'",
            '13: carriers[0].statuses.69: must be an error status in hex, like "0x00000045"',
        ),
        (
            "[carriers.statuses]\n'0x0' = 'retry'",
            '12: carriers[0].statuses.0x0: must be an error status in hex, like "0x00000045"',
        ),
        (
            "[carriers.statuses]\n'0xzz' = 'retry'",
            '12: carriers[0].statuses.0xzz: must be an error status in hex, like "0x00000045"',
        ),
        (
            "[carriers.statuses]\n'0x45' = 'retry'\n'0x00000045' = 'refuse'",
            "13: carriers[0].statuses.0x00000045: is the same status as 0x45",
        ),
        (
            "[carriers.statuses]\n'0x45' = 'again'",
            (
                "12: carriers[0].statuses.0x45: must be 'retry', 'throttle', 'refuse', 'bind', "
                "'unclear' or 'doubt'"
            ),
        ),
    ],
)
def test_a_mistake_is_reported_with_line_key_and_reason(check, lines, said):
    assert check(lines) == said


def test_a_tls_carrier_with_a_client_certificate_is_valid(check, tmp_path):
    authority = Authority(tmp_path)
    authority.issue("us", "reseller")
    lines = "tls = true\ntls_ca_file = 'ca.pem'\ntls_cert_file = 'us.pem'\ntls_key_file = 'us.key'"
    assert check(lines) == ""


def test_a_key_of_another_certificate_is_refused(check, tmp_path):
    authority = Authority(tmp_path)
    authority.issue("us", "reseller")
    authority.issue("them", "other")
    said = check("tls = true\ntls_cert_file = 'us.pem'\ntls_key_file = 'them.key'")
    assert said == "13: carriers[0].tls_key_file: is not the key of tls_cert_file"


def test_a_key_under_a_pass_phrase_is_refused_without_asking_the_terminal(check, tmp_path):
    Authority(tmp_path).issue("us", "reseller", pass_phrase=b"hush")
    said = check("tls = true\ntls_cert_file = 'us.pem'\ntls_key_file = 'us.key'")
    assert said == (
        "13: carriers[0].tls_key_file: no certificate and unencrypted key in PEM can be read"
    )


def context_of(tmp_path, lines):
    (tmp_path / "simpost.toml").write_text(HEAD + lines, "utf-8")
    (carrier,) = load(tmp_path / "simpost.toml").carriers
    return tls_context(carrier)


def test_tls_verifies_name_and_certificate_by_default(tmp_path):
    context = context_of(tmp_path, "tls = true")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    context = context_of(tmp_path, "tls = true\ntls_verify = false")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_configured_authority_replaces_those_of_the_system(tmp_path):
    Authority(tmp_path)
    context = context_of(tmp_path, "tls = true\ntls_ca_file = 'ca.pem'")
    assert len(context.get_ca_certs()) == 1


def test_a_removed_certificate_file_is_named_by_its_setting(tmp_path):
    Authority(tmp_path)
    (tmp_path / "simpost.toml").write_text(HEAD + "tls = true\ntls_ca_file = 'ca.pem'", "utf-8")
    (carrier,) = load(tmp_path / "simpost.toml").carriers
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(TlsMistake, match=r"ca\.pem cannot be read") as error:
        tls_context(carrier)
    assert error.value.key == "tls_ca_file"
