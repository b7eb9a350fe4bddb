"""A sign-in that is under way is sealed in a cookie."""

from cryptography.fernet import Fernet

from simpost.features.console_users.oidc.flow import (
    MAX_SEALED,
    MAX_WANTED,
    VALID_MS,
    SealedFlows,
    SignInFlow,
    begin_flow,
)

KEY = Fernet.generate_key().decode()
BACK = "https://sms.example.com/console/sign-in/oidc/callback"
NOW_MS = 1_800_000_000_000
SEALED = SealedFlows(KEY)


def begin(wanted="/console"):
    return begin_flow(bytes(16), BACK, wanted, NOW_MS)


def test_a_flow_is_opened_by_every_node_with_the_key_until_it_ends():
    flow = begin()
    sealed = SEALED.seal(flow)
    for secret in (flow.state, flow.nonce, flow.verifier):
        assert len(secret) == 43
        assert secret not in sealed
        assert secret not in repr(flow)
    assert SealedFlows(KEY).open(sealed, NOW_MS + VALID_MS - 1) == flow
    assert SEALED.open(sealed, NOW_MS + VALID_MS) is None


def test_a_flow_that_was_changed_or_sealed_by_others_is_none():
    sealed = SEALED.seal(begin())
    middle = len(sealed) // 2
    changed = "A" if sealed[middle] != "A" else "B"
    others = SealedFlows(Fernet.generate_key().decode()).seal(begin())
    forms = [others, "", "A", "é", "A" * 43, sealed[:-4], "A" * 10_000]
    for each in (*forms, sealed[:middle] + changed + sealed[middle + 1 :]):
        assert SEALED.open(each, NOW_MS) is None


def test_the_largest_flow_fits_into_a_cookie():
    assert len(SEALED.seal(begin("/console?" + "a" * (MAX_WANTED - 9)))) <= MAX_SEALED


def test_only_its_own_state_belongs_to_a_flow():
    flow = begin()
    assert flow.has_state(flow.state)
    for given in ("", "é", flow.state[:-1], begin().state):
        assert not flow.has_state(given)


def test_the_challenge_is_that_of_the_standard():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
    flow = SignInFlow(bytes(16), "s", "n", verifier, BACK, "/console", NOW_MS)
    assert flow.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
