"""HTTP carriers: an upstream API that takes a part in one request.

`carrier.py` is the driver: places, rate, ownership, what is in doubt. `upstream.py` is what it
needs to know of an API: the request of a part, and the outcome of a response. `generic.py` is the
API that settings describe; the others have a file each. An upstream is pure: it sends nothing.
"""

from simpost.carriers.http.carrier import HttpCarrier

__all__ = ["HttpCarrier"]
