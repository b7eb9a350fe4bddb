"""Connections that end with the test, also when it fails."""

import asyncio
import contextlib

from bench.processes import HOST


@contextlib.asynccontextmanager
async def connected(port):
    """The reader and the writer of a connection to a port of this machine."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
