"""The console with all that the files of browser tests fill in, each for itself."""

from __future__ import annotations

from simpost.api import Services
from tests.browser import console_facts
from tests.browser.test_console import ConsoleThread
from tests.browser.test_console_data import DataThread
from tests.browser.test_console_people import TALKER, api
from tests.integration.console.travellers import text_from


class FullConsole(DataThread):
    """The console with rows of every kind."""

    async def fill(self, services: Services) -> None:
        """Messages, webhooks, broadcasts, templates, automations, and a conversation."""
        await ConsoleThread.fill(self, services)
        await DataThread.fill(self, services)
        await console_facts.fill(services)
        await text_from(services, "No data since noon", TALKER)

    def talk(self) -> str:
        """The path of the conversation."""
        found = api(self, "conversations")["conversations"]
        return f"/console/conversations/demo/{found[0]['id']}"
