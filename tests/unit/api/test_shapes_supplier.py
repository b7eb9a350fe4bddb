"""Which requests of a shape may go on to the supplier of the account."""

from types import SimpleNamespace

import pytest

from simpost.api.shapes.calls import ShapeError
from simpost.api.shapes.esim_go import EsimGoShape
from simpost.api.shapes.esimfly import EsimflyShape
from simpost.api.shapes.supplier import find_route
from simpost.domain.api_keys import KeyScope

GO, FLY = EsimGoShape(), EsimflyShape()
SERVICES = SimpleNamespace(supplier_calls=SimpleNamespace(passes=lambda _kind: True))


@pytest.mark.parametrize(
    ("shape", "method", "path"),
    [
        (GO, "POST", "/v2.1/esims/8944000000000000009/sms"),
        (GO, "POST", "/v2.6/esims/8944000000000000009/sms"),
        (GO, "POST", "/v2.5/esims/8944000000000000009/SMS"),
        (GO, "PUT", "/v2.5/esims/8944000000000000009/sms"),
        (GO, "PATCH", "/v2.5/esims/8944000000000000009/sendSms"),
        (FLY, "POST", "/api/v1/business/esims/Send-SMS"),
        (FLY, "PUT", "/api/v1/business/esims/send-sms"),
    ],
)
def test_no_text_goes_past_policy_to_the_supplier(shape, method, path):
    with pytest.raises(ShapeError):
        find_route(SERVICES, shape, method, path)


@pytest.mark.parametrize(
    ("shape", "method", "path"),
    [
        (GO, "GET", "/v2.5/esims/8944000000000000009/sms"),
        (GO, "POST", "/v2.5/orders"),
        (GO, "DELETE", "/v2.5/esims/8944000000000000009/bundles/sms-100"),
        (FLY, "POST", "/api/v1/business/esims/order"),
    ],
)
def test_other_requests_go_on_to_the_supplier(shape, method, path):
    assert find_route(SERVICES, shape, method, path).needs is KeyScope.SUPPLIER
