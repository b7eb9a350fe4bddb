"""Refuses the query of a request that takes none: what was meant by it would not be done."""

from __future__ import annotations

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from simpost.api.shared.problems import invalid

_READS = frozenset({"GET", "HEAD"})
_MOST_NAMED = 10


def refuse_unknown_query(request: Request) -> None:
    """Raise Problem for a query that the endpoint does not take, unless it only reads.

    `?dryRun=true` must never send. Endpoints with a query check their own fields.
    """
    if request.method in _READS or not request.scope["query_string"]:
        return
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and not _takes_query(route.dependant):
        names = list(dict.fromkeys(request.query_params))[:_MOST_NAMED]
        reason = "is not a field of this request"
        errors = [{"at": f"query.{name[:64]}", "reason": reason} for name in names]
        raise invalid("The request is not as documented.", errors)


def _takes_query(dependant: Dependant) -> bool:
    return bool(dependant.query_params) or any(map(_takes_query, dependant.dependencies))
