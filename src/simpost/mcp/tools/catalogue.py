"""All tools, by name."""

from __future__ import annotations

from typing import Any, Final

from simpost.mcp.tools import (
    conversations,
    esims,
    messages,
    sends,
    status,
    templates,
    verifications,
)
from simpost.mcp.tools.tool import Tool

_ALL: Final[tuple[Tool[Any], ...]] = (
    *status.TOOLS,
    *esims.TOOLS,
    *messages.TOOLS,
    *templates.TOOLS,
    *conversations.TOOLS,
    *verifications.TOOLS,
    *sends.TOOLS,
)
TOOLS: Final = {tool.name: tool for tool in _ALL}
