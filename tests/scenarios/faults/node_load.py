"""Load on all nodes of a cluster that continues while nodes are killed and started."""

import asyncio
import itertools

import aiohttp

from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S

CONNECTIONS = 8
_PAUSE_S = 0.02
"""Between two requests of a connection: load, and not as much as the machine can take."""
ALONE = ("code", "service")
"""Of codes what is in doubt stays so; of the others it is sent again, and marked."""


class Load:
    """Sends numbered texts to all nodes until `stop`.

    Attributes:
        accepted: texts and categories of the messages, by their ids.
        unanswered: number of requests without an answer.
    """

    def __init__(self, cluster, esims):
        self.accepted = {}
        self.unanswered = 0
        self._cluster = cluster
        self._esims = esims
        self._count = itertools.count()
        self._over = asyncio.Event()

    async def run(self):
        async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
            await asyncio.gather(*(self._one_connection(session) for _ in range(CONNECTIONS)))

    async def accept_more(self, count):
        """Wait until `count` more messages were accepted."""
        wanted = len(self.accepted) + count
        async with asyncio.timeout(PATIENCE_S):
            while len(self.accepted) < wanted:
                await asyncio.sleep(_PAUSE_S)

    def stop(self):
        self._over.set()

    async def _one_connection(self, session):
        while not self._over.is_set():
            index = next(self._count)
            category = ALONE[index % len(ALONE)]
            nodes = self._cluster.nodes
            body = {"esimTranNo": self._esims[index % len(self._esims)], "text": f"text {index}"}
            try:
                async with session.post(
                    f"{nodes[index % len(nodes)].url}/v1/messages",
                    json={**body, "category": category},
                ) as answer:
                    if answer.status == 202:
                        message_id = (await answer.json())["id"]
                        self.accepted[message_id] = (body["text"], category)
            except (aiohttp.ClientError, OSError):
                self.unanswered += 1
            await asyncio.sleep(_PAUSE_S)
