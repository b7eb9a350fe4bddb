"""A gateway to attack, with two accounts: a normal one and an abusive one."""

import pytest

from tests.scenarios.attack.target import Target


def pytest_collection_modifyitems(items):
    for item in items:
        if "attack" in item.path.parts:
            item.add_marker(pytest.mark.attack)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with Target(tmp_path_factory.mktemp("target")) as running:
        yield running


@pytest.fixture(autouse=True)
async def no_client_outlives_its_test(request):
    """A connection left by a test that fails would be blamed on another one."""
    yield
    if "target" in request.fixturenames:
        clients = request.getfixturevalue("target").clients
        while clients:
            clients.pop().reset()


@pytest.fixture(autouse=True)
def it_lives_and_says_no_secret(request):
    """After each attack: the process answers, and its log has no traceback and no secret."""
    yield
    if "target" in request.fixturenames:
        target = request.getfixturevalue("target")
        assert target.ask("/v1/messages?limit=1")
        log = target.log
        assert "Traceback" not in log
        assert "request_crashed" not in log
        assert target.secret not in log
        assert target.token not in log
