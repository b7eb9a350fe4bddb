"""HTTP carriers: an upstream API that takes a message in one request.

One request per message; the status of the response is the outcome. This driver receives no
receipts and no inbound messages, so nothing more is known of a message after the response.
"""

from simpost.carriers.http.carrier import HttpCarrier

__all__ = ["HttpCarrier"]
