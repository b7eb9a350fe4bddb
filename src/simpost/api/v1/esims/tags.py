"""Tags of eSIMs: set, add, remove, and search by tag."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.schemas import Schema
from simpost.api.shared.tags import Tag
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.reasons import Reason
from simpost.domain.tags import MAX_TAGS
from simpost.errors import UnknownEsim
from simpost.ports.store.esim_tags import TagChange

router = APIRouter(prefix="/v1", tags=["esims"])

MAX_ESIMS = 1_000
"""eSIMs of one change."""

Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]


class TagsOfEsim(Schema):
    """All tags of an eSIM."""

    tags: Tags


class TaggedEsim(Schema):
    """An eSIM with all its tags."""

    esim_tran_no: str
    tags: list[str]


class TagChangeIn(Schema):
    """Tags to add and to remove, of up to 1,000 eSIMs."""

    esim_tran_nos: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_ESIMS)]
    add: Tags = Field(default=[])
    remove: Tags = Field(default=[])

    @model_validator(mode="after")
    def _changes_something(self) -> TagChangeIn:
        if not self.add and not self.remove:
            raise ValueError("give tags to add or to remove")
        if set(self.add) & set(self.remove):
            raise ValueError("a tag cannot be added and removed")
        return self


class UntaggedEsim(Schema):
    """An eSIM that was not changed, and why."""

    esim_tran_no: str
    reason: str


class TagChangeOut(Schema):
    """`changed` eSIMs have other tags than before; those that are not named in `refused` fit."""

    changed: int
    refused: list[UntaggedEsim]


class TagQuery(Schema):
    """A page of the eSIMs with a tag: `cursor` is the `next` of the page before."""

    tag: Tag
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    cursor: Annotated[str, Field(max_length=64)] = ""


class TaggedPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    esims: list[TaggedEsim]
    next: str | None


@router.get("/esims", summary="List the eSIMs with a tag")
async def list_tagged_esims(
    query: Annotated[TagQuery, Query()], account: Caller, services: ServicesDep
) -> TaggedPage:
    """In the order of their esimTranNo, with all their tags."""
    store = services.store.esim_tags
    found = await store.list_tagged(
        account.id, query.tag, after=query.cursor, limit=query.limit + 1
    )
    shown = found[: query.limit]
    tags = await store.find_tags(account.id, shown)
    esims = [TaggedEsim(esim_tran_no=each, tags=list(tags.get(each, ()))) for each in shown]
    return TaggedPage(esims=esims, next=shown[-1] if len(found) > query.limit else None)


@router.put("/esims/{esimTranNo}/tags", summary="Set all tags of an eSIM")
async def set_tags(
    esimTranNo: Identifier,  # noqa: N803  as it stands in the path
    given: TagsOfEsim,
    account: Caller,
    services: ServicesDep,
) -> TaggedEsim:
    """Tags that are not named are removed."""
    esim = await services.store.catalogue.find_esim(account.id, esim_tran_no=esimTranNo, iccid=None)
    if esim is None:
        raise UnknownEsim
    await services.store.esim_tags.set_tags(account.id, {esimTranNo: given.tags})
    return TaggedEsim(esim_tran_no=esimTranNo, tags=sorted(set(given.tags)))


@router.post("/esims/tags", summary="Add and remove tags of several eSIMs")
async def change_tags(given: TagChangeIn, account: Caller, services: ServicesDep) -> TagChangeOut:
    """All in one commit; eSIMs that cannot be changed are named in `refused`."""
    change = TagChange(tuple(given.esim_tran_nos), tuple(given.add), tuple(given.remove))
    done = await services.store.esim_tags.change_tags(account.id, change)
    refused = [UntaggedEsim(esim_tran_no=each, reason=Reason.ESIM_UNKNOWN) for each in done.unknown]
    refused += [UntaggedEsim(esim_tran_no=each, reason=_FULL) for each in done.full]
    return TagChangeOut(changed=done.changed, refused=refused)


_FULL = f"would have more than {MAX_TAGS} tags"
