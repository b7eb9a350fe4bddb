"""Schemas that the endpoints of eSIMs and plans share: pages, and keys to retire or restore."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from simpost.api.shared.schemas import Schema

Key = Annotated[StrictStr, Field(min_length=1, max_length=64)]
Keys = Annotated[list[Key], Field(min_length=1, max_length=1000)]


class KeyPageQuery(Schema):
    """How many rows, and after which key: `cursor` is the `next` of the page before."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: Annotated[str, Field(max_length=64)] = ""


class ChangeCount(Schema):
    """How many rows changed; the others do not exist or were in that state already."""

    changed: int
