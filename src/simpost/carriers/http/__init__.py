"""HTTP carriers: an upstream API that takes a message in one request.

One request per message; the status of the response is the outcome. What is known of a message
after that is what the response said: this driver receives no receipts and no inbound messages.
"""

from simpost.carriers.http.carrier import HttpCarrier

__all__ = ["HttpCarrier"]
