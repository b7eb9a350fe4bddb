"""Requests without TLS: reading the certificates of the system costs 20 ms each time."""

import functools

import httpx2

get = functools.partial(httpx2.get, timeout=60, verify=False)
post = functools.partial(httpx2.post, timeout=60, verify=False)
request = functools.partial(httpx2.request, timeout=60, verify=False)
