"""The HTTP/1.1 server of the gateway and the simulator. It serves one ASGI app.

It contains HTTP, limits and timeouts, and nothing about messages, accounts or carriers.
"""

from simpost.http.hosts import HostRules
from simpost.http.limits import Limits
from simpost.http.proxies import TrustedProxies
from simpost.http.server import HttpServer

__all__ = ["HostRules", "HttpServer", "Limits", "TrustedProxies"]
