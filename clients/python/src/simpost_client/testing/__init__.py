"""A simpost in memory, for the tests of programs that use the client.

    gateway = FakeGateway()
    gateway.add_esim("23072017992029")
    with gateway.client() as client:
        client.messages.send(esim_tran_no="23072017992029", text="Hello")
    assert gateway.texts[-1].text == "Hello"

It answers the client as a simpost does, of which it has the common part: every message is accepted
or refused at once and sent, no policy, no quiet hours, no parts of carriers. Its tests run the same
statements against a simpost.
"""

from simpost_client.testing.gateway import FakeGateway
from simpost_client.testing.state import SentText

__all__ = ["FakeGateway", "SentText"]
