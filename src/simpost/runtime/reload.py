"""Reloads the configuration while messages are sent; none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from simpost.config import Settings
from simpost.errors import ConfigError
from simpost.observe import get_logger
from simpost.ports.cluster import ConfigReadResult, Reloaded
from simpost.runtime.component import Component

AT_ONCE = (
    *("routes", "messages", "events", "numbers"),
    *("policy", "open_hours", "sender_rules", "registered_senders"),
    *("preferences", "verifications", "lifecycle", "conversations", "sources"),
    "mcp_sending",
)
_TEXT_KEY = "store.text_key"
"""The only setting of its section that applies at once."""
AT_START = ("server", "smpp_server", "console", "store", "node", "log", "tracing")
_MOST_PROBLEMS = 20
_MOST_LETTERS = 500
"""Most characters of a problem that are reported to other nodes, with each heartbeat."""

log = get_logger(__name__)


class Reload:
    """Applies the present configuration file to a running service.

    Components apply the settings one after the other, in the order given. A file that is not valid
    changes nothing. `reread` returns the settings as the file has them, or raises ConfigError.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        components: Sequence[Component],
    ) -> None:
        self.last: ConfigReadResult | None = None
        """The result of the last reload; `None` before the first."""
        self._settings = settings
        self._reread = reread
        self._components = components
        self._one_at_a_time = asyncio.Lock()

    def check(self) -> None:
        """Raises ConfigError with all problems of the file."""
        self._reread()

    async def run(self) -> Reloaded:
        """Raises ConfigError with all problems of the file; then nothing is changed."""
        async with self._one_at_a_time:
            try:
                done = await self._run()
            except ConfigError as error:
                self._refused(str(error).splitlines())
                raise
            except Exception:
                self._refused(["reading it again failed; the log says more"])
                raise
            self.last = ConfigReadResult(done)
        log.warning("configuration_reloaded", **msgspec.structs.asdict(done))
        return done

    async def run_and_log(self) -> None:
        """Reload after a signal: problems are logged, since there is no caller."""
        try:
            await self.run()
        except ConfigError as error:
            log.error("configuration_refused", problems=str(error).splitlines())

    def _refused(self, problems: list[str]) -> None:
        self.last = ConfigReadResult(
            None, [each[:_MOST_LETTERS] for each in problems[:_MOST_PROBLEMS]]
        )

    async def _run(self) -> Reloaded:
        wanted = self._reread()
        done = self._compare(wanted)
        for component in self._components:
            await component.reconfigure(wanted)
        store = self._settings.store.model_copy(update={"text_key": wanted.store.text_key})
        self._settings = self._settings.model_copy(
            update={name: getattr(wanted, name) for name in ("carriers", *AT_ONCE)}
            | {"store": store}
        )
        return done

    def _compare(self, wanted: Settings) -> Reloaded:
        before = {carrier.name: carrier for carrier in self._settings.carriers}
        after = {carrier.name: carrier for carrier in wanted.carriers}
        sections = [name for name in AT_ONCE if self._differs(wanted, name)]
        old_key = self._settings.store.text_key
        if wanted.store.text_key != old_key:
            sections.append(_TEXT_KEY)
            store = wanted.store.model_copy(update={"text_key": old_key})
            wanted = wanted.model_copy(update={"store": store})
        return Reloaded(
            added=[name for name in after if name not in before],
            changed=[name for name in after if name in before and after[name] != before[name]],
            removed=[name for name in before if name not in after],
            sections=sections,
            needs_restart=[name for name in AT_START if self._differs(wanted, name)],
        )

    def _differs(self, wanted: Settings, section: str) -> bool:
        return bool(getattr(wanted, section) != getattr(self._settings, section))
