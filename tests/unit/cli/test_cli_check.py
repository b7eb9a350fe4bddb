from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from simpost.cli import main
from simpost.cli.init import store_for
from simpost.config import load
from tests.integration.smpp.certificates import tls_contexts

CARRIER = """
[[carriers]]
type = "smpp"
name = "{name}"
host = "smsc.example"
system_id = "reseller"
password = "hush"
"""


@pytest.fixture
def file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "simpost.toml"
    assert run("init", str(path)) == 0
    capsys.readouterr()
    return path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


EXAMPLES = Path(__file__).parents[3] / "examples" / "carriers"


def checked(file: Path, capsys: pytest.CaptureFixture[str], more: str = "") -> str:
    with file.open("a") as opened:
        opened.write(more)
    assert run("check", "--config", str(file)) == 0
    return capsys.readouterr().out


def test_init_makes_a_file_for_its_owner_alone(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


def test_init_makes_new_secrets_each_time(file: Path) -> None:
    other = file.with_name("other.toml")
    assert run("init", str(other)) == 0
    first, second = load(file), load(other)
    assert first.server.admin_token != second.server.admin_token
    assert first.store.secrets_key != second.store.secrets_key


def test_init_shows_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "simpost.toml"
    assert run("init", str(path)) == 0
    shown = capsys.readouterr().out
    assert f"simpost serve --config {path}" in shown
    assert load(path).server.admin_token.get_secret_value() not in shown


def test_init_never_overwrites(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    assert run("init", str(file)) == 2
    assert capsys.readouterr().err == f"simpost: {file} is already there and is left as it is.\n"
    assert file.read_bytes() == before


def test_init_says_when_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", str(tmp_path / "nowhere" / "simpost.toml")) == 2
    assert "cannot be created: No such file or directory" in capsys.readouterr().err


def test_check_names_the_sources_without_their_secrets(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = """
[[sources]]
type = "esim_access"
name = "supplier"
account = "shop"
url = "https://supplier.example/api/v1/open"
access_code = "code"
secret_key = "hush"
"""
    said = checked(file, capsys, more)
    assert (
        "source    supplier: esim_access at https://supplier.example, for the account shop" in said
    )
    assert "hush" not in said


def test_check_reads_the_certificate_of_the_smpp_port(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tls_contexts(file.parent)
    certificate = file.parent / "mc.pem"
    certificate.chmod(0o644)
    more = '[smpp_server]\nenabled = true\nhost = "0.0.0.0"\ntls_cert_file = "mc.pem"\n'
    file.write_text(file.read_text().replace("[smpp_server]\n", more))
    said = checked(file, capsys)
    assert "smpp      0.0.0.0:2775, TLS" in said
    assert f"warning: other users can read the TLS key in {certificate}" in said
    certificate.write_text("no certificate")
    assert run("check", "--config", str(file)) == 2
    assert str(certificate) in capsys.readouterr().err


def test_check_wants_tls_for_the_smpp_port_beyond_loopback(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text()
    open_port = '[smpp_server]\nenabled = true\nhost = "0.0.0.0"\n'
    file.write_text(before.replace("[smpp_server]\n", open_port))
    assert run("check", "--config", str(file)) == 2
    assert "smpp_server.tls_cert_file: is missing" in capsys.readouterr().err
    file.write_text(before.replace("[smpp_server]\n", f"{open_port}allow_plain = true\n"))
    said = checked(file, capsys)
    assert "smpp      0.0.0.0:2775, without TLS" in said
    assert "warning: smpp_server: SMPP without TLS beyond this machine" in said


def test_check_shows_its_findings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = CARRIER.format(name="one") + 'tls = true\n[[routes]]\ncarrier = "one"\nplan = "TH_1_7"\n'
    said = checked(file, capsys, more)
    assert "server    http://127.0.0.1:8080" in said
    assert f"store     {file.parent / 'simpost.db'} (will be created)" in said
    assert "carrier   one: smpp to smsc.example:2775 as reseller, transceiver, window 10" in said
    assert "route 1   one: plan TH_1_7" in said
    assert "warning" not in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        ("", "no carrier is configured: every message is refused with no_route"),
        (CARRIER.format(name="one"), "carrier one is not used by any route"),
        (
            CARRIER.format(name="one")
            + '[[routes]]\ncarrier = "one"\n[[routes]]\ncarrier = "one"\nplan = "A"\n',
            "route 2 is never used: route 1 matches first",
        ),
        (
            CARRIER.format(name="one")
            + '[[routes]]\ncarrier = "one"\nmsisdn_prefix = "6"\n'
            + '[[routes]]\ncarrier = "one"\nmsisdn_prefix = "66"\n',
            "route 2 is never used: route 1 matches first",
        ),
    ],
)
def test_check_warns_of_surprising_settings(
    file: Path, capsys: pytest.CaptureFixture[str], more: str, warning: str
) -> None:
    assert f"warning: {warning}" in checked(file, capsys, more)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('plan = "A"', 'plan = "B"'),
        ('plan = "A"', ""),
        ('msisdn_prefix = "66"', 'msisdn_prefix = "6"'),
    ],
)
def test_check_does_not_warn_of_routes_that_are_taken(
    file: Path, capsys: pytest.CaptureFixture[str], first: str, second: str
) -> None:
    routes = "".join(f'[[routes]]\ncarrier = "one"\n{keys}\n' for keys in (first, second))
    assert "never used" not in checked(file, capsys, CARRIER.format(name="one") + routes)


@pytest.mark.parametrize(
    ("host", "more", "warns"),
    [
        ("smsc.example", "", True),
        ("192.0.2.1", "tls = false", True),
        ("smsc.example", "tls = true", False),
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("::1", "", False),
    ],
)
def test_check_warns_of_smpp_in_the_clear_beyond_this_machine(
    file: Path, capsys: pytest.CaptureFixture[str], host: str, more: str, *, warns: bool
) -> None:
    carrier = CARRIER.format(name="one").replace("smsc.example", host) + more + "\n"
    warning = "warning: carrier one: SMPP without TLS beyond this machine"
    assert (warning in checked(file, capsys, carrier)) is warns


NO_PROXY = "server.trusted_proxies is empty: behind a proxy every client has the proxy's address"
NO_HOST = "server.allowed_hosts is empty: a proxied request with a Host other than localhost"


@pytest.mark.parametrize(
    ("host", "keys", "warning"),
    [
        ("127.0.0.1", "", None),
        ("127.0.0.1", 'trusted_proxies = ["127.0.0.1"]\nallowed_hosts = ["sms.example"]', None),
        ("127.0.0.1", 'trusted_proxies = ["127.0.0.1"]', NO_HOST),
        ("::1", 'trusted_proxies = ["::1"]', NO_HOST),
        ("127.0.0.1", 'allowed_hosts = ["*"]', "server.allowed_hosts: * allows DNS rebinding"),
        ("0.0.0.0", "", NO_PROXY),
        ("0.0.0.0", 'trusted_proxies = ["10.0.0.0/8"]', None),
        ("0.0.0.0", 'trusted_proxies = ["0.0.0.0/0"]', "server.trusted_proxies: every host in"),
        ("127.0.0.1", 'trusted_proxies = ["::/0"]', "server.trusted_proxies: every host in ::/0 "),
    ],
)
def test_check_warns_of_proxies_and_names_that_do_not_fit_together(
    file: Path, capsys: pytest.CaptureFixture[str], host: str, keys: str, warning: str | None
) -> None:
    text = file.read_text().replace('host = "127.0.0.1"', f'{keys}\nhost = "{host}"')
    file.write_text(text)
    said = checked(file, capsys)
    if warning is None:
        assert "trusted_proxies" not in said
        assert "allowed_hosts" not in said
    else:
        assert f"warning: {warning}" in said


def test_check_warns_when_others_can_read_the_secrets(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.chmod(0o640)
    assert f"other users can read the secrets in {file}" in checked(file, capsys)


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock"])
def test_check_warns_when_others_can_read_the_store(
    file: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    store = file.with_name(f"simpost.db{end}")
    store.touch(0o600)
    assert "warning: other users can read" not in checked(file, capsys)
    store.chmod(0o644)
    assert f"warning: other users can read {store}, which contains message texts" in checked(
        file, capsys
    )


def test_check_warns_of_texts_that_are_kept_for_ever(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "never deleted" not in checked(file, capsys)
    file.write_text(file.read_text().replace("keep_days = 90", "keep_days = 0"))
    assert "warning: messages.keep_days = 0: messages and" in checked(file, capsys)


def test_init_keeps_texts_for_90_days(file: Path) -> None:
    assert load(file).messages.keep_days == 90


def test_init_puts_the_store_at_the_given_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "simpost.toml"
    wanted = tmp_path / 'var "lib"' / "texts.db"
    assert run("init", str(path), "--store", str(wanted)) == 0
    assert load(path).store.path == wanted
    assert f"install -d -m 700 {wanted.parent} " in capsys.readouterr().out


def test_init_keeps_the_store_out_of_etc() -> None:
    assert store_for(Path("/etc/simpost.toml")) == Path("/var/lib/simpost/simpost.db")
    assert store_for(Path("/etc/simpost/simpost.toml")) == Path("/var/lib/simpost/simpost.db")
    assert store_for(Path("/srv/simpost.toml")) == Path("simpost.db")


def test_check_warns_of_plain_http_beyond_the_machine(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text().replace("127.0.0.1", "0.0.0.0"))
    assert "HTTP without TLS beyond this machine" in checked(file, capsys)


def test_check_warns_of_the_callback_token_of_the_examples(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = (EXAMPLES / "infobip.toml").read_text()
    file.write_text(f"{file.read_text()}\n{example}")
    warning = "carrier infobip: callback_token is that of the examples"
    assert warning in checked(file, capsys)
    file.write_text(file.read_text().replace("a-secret-of-24-ch", "another-secret-of"))
    assert warning not in checked(file, capsys)


def test_check_refuses_a_store_that_has_no_folder(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text().replace("///simpost.db", "///data/simpost.db"))
    assert run("check", "--config", str(file)) == 2
    assert f"the folder {file.parent / 'data'} does not exist" in capsys.readouterr().err


def test_check_refuses_a_store_that_is_no_file(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "simpost.db").mkdir()
    assert run("check", "--config", str(file)) == 2
    assert "is not a writable file" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_check_refuses_a_folder_that_cannot_be_written(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.parent.chmod(0o500)
    try:
        assert run("check", "--config", str(file)) == 2
        assert "cannot be written" in capsys.readouterr().err
    finally:
        file.parent.chmod(0o700)


def test_check_names_the_line_of_a_mistake(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file.open("a") as opened:
        opened.write("[[routes]]\ncarrier = 1\n")
    line = file.read_text().count("\n")
    assert run("check", "--config", str(file)) == 2
    assert capsys.readouterr().err == f"simpost: {file}:{line}: routes[0].carrier: must be text\n"


@pytest.mark.parametrize(
    ("carrier", "source", "sent"),
    [("8", "4", "12"), ("0", "4", "unlimited"), ("5", "3", None)],
)
def test_check_warns_when_messages_and_pulls_exceed_what_an_account_may_send(
    file: Path, capsys: pytest.CaptureFixture[str], carrier: str, source: str, sent: str | None
) -> None:
    account = 'type = "esim_access"\naccess_code = "code"\nsecret_key = "hush"\n'
    more = f"""
[[carriers]]
name = "texts"
rate_per_s = {carrier}
{account}
[[sources]]
name = "copy"
account = "shop"
rate_per_s = {source}
{account}"""
    said = checked(file, capsys, more)
    if sent is None:
        assert "use one account" not in said
    else:
        assert (
            "warning: carrier texts and source copy use one account of eSIM Access: together "
            f"{sent} requests per second, and it allows 8. Lower their rate_per_s"
        ) in said


def test_check_says_how_users_of_the_console_sign_in(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text("utf-8")
    file.write_text(text.replace("[console]\n", "[console]\nenabled = true\n"), "utf-8")
    assert "console   /console, users sign in with a password\n" in checked(file, capsys)
    monkeypatch.setenv("SIMPOST_CONSOLE__OIDC_ISSUER", "https://login.example.com/realm")
    monkeypatch.setenv("SIMPOST_CONSOLE__OIDC_CLIENT_ID", "simpost")
    for name in ("joserfc", "joserfc.jws"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    both = "users sign in at https://login.example.com or with a password\n"
    assert both in checked(file, capsys)
    monkeypatch.setitem(sys.modules, "joserfc.jws", None)
    assert run("check", "--config", str(file)) == 2
    assert "pip install 'simpost[oidc]'" in capsys.readouterr().err
