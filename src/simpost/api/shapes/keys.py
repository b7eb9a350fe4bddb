"""API keys of an account as credentials of a shape."""

from __future__ import annotations

from simpost.api.shapes.calls import Failure, ShapeError
from simpost.api.shared.key_auth import ProvenKey, find_key
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.api_keys import KeyScope


def prove_key(services: Services, token: bytes, needed: KeyScope) -> ProvenKey:
    """The key and its account. Raises ShapeError for a wrong key, or one without the scope."""
    text = token.decode("ascii", "replace")
    proven = find_key(services, text)
    if proven is None:
        owner = services.accounts.by_id(services.api_keys.find(text).account_id)
        raise ShapeError(Failure.CREDENTIALS, account=owner.access_code if owner else UNKNOWN)
    if needed not in proven.key.scopes:
        raise ShapeError(Failure.SCOPE, f"This API key does not have the scope {needed}.")
    services.api_keys.note_use(proven.key)
    return proven
