import asyncio

import uvloop


def pytest_asyncio_loop_factories():
    """Both loops: the service runs on uvloop, tools on asyncio's own."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
