"""One-time codes of the native API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from simpost_client._sync.resource import Resource
from simpost_client.models import (
    CheckedVerification,
    StartedVerification,
    Verification,
    VerificationPage,
    VerificationPreview,
)
from simpost_client.requests import VerificationFields, body_of, path_of

_PATH = "/v1/verifications"


class Verifications(Resource):
    """Send one-time codes and check what people typed. Your program never has the code."""

    def start(self, **given: Unpack[VerificationFields]) -> StartedVerification:
        """Send a code, or the same one again: `step` says which.

        Raises RateLimited with `retry_after_s` if codes come too often.
        """
        return self._change(StartedVerification, "POST", _PATH, body_of(given), repeatable=True)

    def preview(self, **given: Unpack[VerificationFields]) -> VerificationPreview:
        """Dry run of a start: the decision with its reasons."""
        return self._ask(VerificationPreview, _PATH, {**body_of(given), "dryRun": True})

    def check(self, verification_id: str, code: str) -> CheckedVerification:
        """Check a code as it was typed: `verdict` is `verified`, `wrong_code`, `expired` ...

        A check uses one of `checks_left`, so that it is never repeated by itself. After InDoubt
        read the verification with `get`.
        """
        path = path_of(_PATH + "/{}/check", verification_id)
        return self._change(CheckedVerification, "POST", path, {"code": code}, repeatable=False)

    def get(self, verification_id: str) -> Verification:
        """One verification."""
        return self._get(Verification, path_of(_PATH + "/{}", verification_id))

    def cancel(self, verification_id: str) -> Verification:
        """End a verification: its code is wrong from then on."""
        path = path_of(_PATH + "/{}", verification_id)
        return self._change(Verification, "DELETE", path, repeatable=True)

    def search(
        self, *, esim_tran_no: str | None = None, state: str | None = None, page_size: int = 50
    ) -> Iterator[Verification]:
        """Verifications that meet the conditions, newest first."""
        return self._pages(
            VerificationPage,
            _PATH,
            lambda page: page.verifications,
            esim_tran_no=esim_tran_no,
            state=state,
            limit=page_size,
        )
