import pytest

from simpost.domain.esims import Esim, EsimStatus, SmdpStatus, blocking_reason
from simpost.domain.reasons import Reason


def esim(sms_status=1, smdp_status="ENABLED", esim_status="IN_USE"):
    return Esim(
        esim_tran_no="26010100000001",
        iccid="8944538532008160222",
        msisdn="447700900001",
        imsi="234507000000001",
        smdp_status=smdp_status,
        esim_status=esim_status,
        sms_status=sms_status,
    )


@pytest.mark.parametrize("sms_status", [1, 2])
@pytest.mark.parametrize("smdp_status", ["INSTALLATION", "ENABLED", "DISABLED"])
@pytest.mark.parametrize("esim_status", ["GOT_RESOURCE", "IN_USE", "USED_UP"])
def test_an_installed_esim_of_an_sms_plan_takes_sms_from_the_api(
    sms_status, smdp_status, esim_status
):
    assert blocking_reason(esim(sms_status, smdp_status, esim_status)) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sms_status": 0}, Reason.SMS_NOT_SUPPORTED),
        ({"smdp_status": "RELEASED"}, Reason.NOT_INSTALLED),
        ({"smdp_status": "DOWNLOAD"}, Reason.NOT_INSTALLED),
        ({"smdp_status": "DELETED"}, Reason.PROFILE_DELETED),
        ({"esim_status": "CANCEL"}, Reason.ESIM_CANCELLED),
        ({"esim_status": "REVOKE"}, Reason.ESIM_REVOKED),
        ({"esim_status": "REVOKED"}, Reason.ESIM_REVOKED),
        ({"esim_status": "USED_EXPIRED"}, Reason.ESIM_EXPIRED),
        ({"esim_status": "UNUSED_EXPIRED"}, Reason.ESIM_EXPIRED),
        ({"esim_status": "SUSPENDED"}, Reason.ESIM_SUSPENDED),
        ({"esim_status": "GETTING_RESOURCE"}, Reason.ORDER_PENDING),
        ({"esim_status": "A_NEW_WORD"}, Reason.ESIM_STATE_UNKNOWN),
        ({"smdp_status": "A_NEW_WORD"}, Reason.ESIM_STATE_UNKNOWN),
    ],
)
def test_every_state_that_forbids_sms_says_why(facts, reason):
    assert blocking_reason(esim(**facts)) is reason


@pytest.mark.parametrize("smdp_status", SmdpStatus)
@pytest.mark.parametrize("esim_status", EsimStatus)
def test_no_documented_state_is_unknown(smdp_status, esim_status):
    assert blocking_reason(esim(1, smdp_status, esim_status)) is not Reason.ESIM_STATE_UNKNOWN
