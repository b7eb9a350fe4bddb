"""The HTTP/1.1 server of the gateway and the simulator: from octets to ASGI and back.

It knows HTTP, limits and time, and nothing of messages, accounts or carriers.
"""

from simpost.http.hosts import HostRules
from simpost.http.limits import Limits
from simpost.http.proxies import TrustedProxies
from simpost.http.server import HttpServer

__all__ = ["HostRules", "HttpServer", "Limits", "TrustedProxies"]
