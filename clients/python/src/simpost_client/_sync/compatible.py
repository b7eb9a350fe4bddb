"""The client of the compatible API: any host that speaks it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from simpost_client._sync.transport import Transport
from simpost_client.attempts import Retries, Timeouts
from simpost_client.calls import Call, Response, to_json
from simpost_client.decoding import to_value
from simpost_client.envelope import PATH, Dialect, OpenCredentials, is_busy, read_envelope
from simpost_client.errors import NotFound
from simpost_client.open_models import (
    Esim,
    Package,
    SentSms,
    check_sms_status,
    read_esims,
    read_packages,
    read_sent,
)
from simpost_client.requests import Category
from simpost_client.sms_status import KnownStatuses

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")


class CompatibleClient:
    """The eSIM SMS API in one of its two public dialects: HiRoaming or eSIM Access.

    Give the `secret` unless the host takes the access code alone. With eSIM Access a secret signs
    every request; `signs` says so for either dialect.

    `has_idempotency`: the host sends once for one RT-RequestID, as simpost and HiRoaming document.
    Without it a send whose outcome is unknown is never repeated; that is the default for eSIM
    Access. Set it for simpost.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_code: str,
        secret: str | None = None,
        dialect: Dialect = "hiroaming",
        signs: bool | None = None,
        has_idempotency: bool | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        http: httpx2.BaseTransport | None = None,
    ) -> None:
        is_hiroaming = dialect == "hiroaming"
        if is_hiroaming and secret is None:
            raise ValueError("the dialect hiroaming needs the secret")
        self._credentials = OpenCredentials(
            access_code, secret, not is_hiroaming if signs is None else signs
        )
        self._has_idempotency = is_hiroaming if has_idempotency is None else has_idempotency
        self._page_size = 100 if is_hiroaming else 500
        self._known = KnownStatuses()
        self._transport = Transport(
            base_url,
            self._sign,
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            http=http,
        )

    def send_sms(
        self,
        esim_tran_no: str,
        message: str,
        *,
        check: bool = True,
        request_id: str | None = None,
        category: Category | None = None,
    ) -> SentSms:
        """Send a text to an eSIM.

        First asks the host whether the eSIM can receive SMS, at most every ten minutes for an eSIM,
        and raises SmsNotSupported without sending if its smsStatus is 0. `check=False` leaves it to
        the host. `category` is for simpost.
        """
        if check and esim_tran_no not in self._known:
            self._check_sms_status(esim_tran_no)
        headers = {} if category is None else {"RT-Category": category}
        return self._post(
            "esim/sendSms",
            {"esimTranNo": esim_tran_no, "message": message},
            read_sent,
            key=request_id or str(uuid.uuid4()),
            repeatable=self._has_idempotency,
            headers=headers,
        )

    def get_package(self, code: str) -> Package:
        """The plan with this package code or slug, such as TH_1_7. Raises NotFound."""
        names = ["packageCode", "slug"]
        if "_" in code and not code.startswith("TOPUP_"):
            names.reverse()
        for name in names:
            try:
                found = self._read("package/list", {name: code}, read_packages)
            except NotFound:
                continue
            for package in found:
                if code in {package.package_code, package.slug}:
                    return package
        raise NotFound("no plan has this code", status=200, code="310241")

    def list_packages(
        self,
        *,
        location: str | None = None,
        kind: str | None = None,
        package_code: str | None = None,
        iccid: str | None = None,
        data_type: str | None = None,
    ) -> tuple[Package, ...]:
        """Plans: of a country (`TH`), regional (`!RG`), global (`!GL`); `kind` is BASE or TOPUP.

        Without a filter a host may answer with thousands.
        """
        body = {
            "locationCode": location,
            "type": kind,
            "packageCode": package_code,
            "iccid": iccid,
            "dataType": data_type,
        }
        return self._read("package/list", _given(body), read_packages)

    def get_esim(self, esim_tran_no: str | None = None, *, iccid: str | None = None) -> Esim:
        """One eSIM by its number or its ICCID. Raises NotFound; Conflict while it is allocated."""
        if (esim_tran_no is None) == (iccid is None):
            raise ValueError("give esim_tran_no or iccid")
        body = _given({"esimTranNo": esim_tran_no, "iccid": iccid})
        body["pager"] = {"pageNum": 1, "pageSize": 5}
        found = self._read("esim/query", body, read_esims)
        for esim in found.esims:
            if esim_tran_no is None or esim.esim_tran_no == esim_tran_no:
                return esim
        raise NotFound("no eSIM has this number", status=200, code="310403")

    def list_esims(
        self,
        *,
        order_no: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> Iterator[Esim]:
        """The eSIMs of the account, or of an order; pages are read as needed."""
        body = _given(
            {
                "orderNo": order_no,
                "startTime": to_value(created_from),
                "endTime": to_value(created_to),
            }
        )
        number, read = 1, 0
        while True:
            body["pager"] = {"pageNum": number, "pageSize": self._page_size}
            page = self._read("esim/query", body, read_esims)
            for esim in page.esims:
                yield esim
            read += len(page.esims)
            if not page.esims or (read >= page.total if page.total is not None else True):
                return
            number += 1

    def save_webhook(self, url: str) -> None:
        """Set the address that is told about events. It replaces the one before."""
        self._post("webhook/save", {"webhook": url}, read_envelope, repeatable=True)

    def get_webhook(self) -> str:
        """The address that is told about events; empty if none is set."""
        found = self._read("webhook/query", {}, read_envelope)
        return str(found.get("webhook") or "") if isinstance(found, Mapping) else ""

    def call(self, endpoint: str, body: Mapping[str, Any] | None = None) -> Any:
        """`obj` of any other endpoint, such as `balance/query`. Repeated only if unsent."""
        return self._post(endpoint, dict(body or {}), read_envelope, repeatable=False)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_sms_status(self, esim_tran_no: str) -> None:
        """Ask for the smsStatus, of the plan if the eSIM has none. Raises SmsNotSupported."""
        esim = self.get_esim(esim_tran_no)
        status = esim.sms_status
        if status is None and esim.package_codes:
            status = (self.get_package(esim.package_codes[-1])).sms_status
        check_sms_status(esim_tran_no, status)
        if status is not None:
            self._known.add(esim_tran_no)

    def _read(self, endpoint: str, body: Mapping[str, Any], read: Callable[[Response], T]) -> T:
        return self._post(endpoint, body, read, repeatable=True, changes=False)

    def _post(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        read: Callable[[Response], T],
        *,
        repeatable: bool,
        changes: bool = True,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        call = Call(
            method="POST",
            path=PATH + endpoint,
            body=to_json(body),
            headers=headers or {},
            read=read,
            changes=changes,
            repeatable=repeatable,
            idempotency_key=key,
            is_unfinished=is_busy if repeatable else _never,
        )
        return self._transport.send(call)

    def _sign(self, call: Call[Any]) -> Mapping[str, str]:
        """Headers of an attempt: a repeat has the same id, and the time of its own."""
        request_id = call.idempotency_key or uuid.uuid4().hex
        return self._credentials.headers(request_id, int(time.time() * 1000), call.body or b"")


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _never(_: Response) -> bool:
    return False
