"""Code of a user with the package that openapi-python-client generates."""

import importlib
import os
import pkgutil

import simpost_client
from simpost_client import AuthenticatedClient, Client
from simpost_client.api.admin import admin_add_account, admin_list_esims
from simpost_client.api.health import healthz
from simpost_client.api.messages import list_messages, send_message, show_message
from simpost_client.api.open_ import open_esim_send_sms, open_package_list
from simpost_client.models import (
    AcceptedMessage,
    AccountWithSecret,
    HealthOut,
    MessageDetail,
    MessagePage,
    MessageRequest,
    NewAccount,
    OpenDone,
    OpenError,
    OpenPackages,
    PackageList,
    Preview,
    Problem,
    SendSms,
)

for module in pkgutil.walk_packages(simpost_client.__path__, "simpost_client."):
    importlib.import_module(module.name)

url, esim = os.environ["SIMPOST_URL"], os.environ["SIMPOST_ESIM"]
code, secret = os.environ["SIMPOST_ACCESS_CODE"], os.environ["SIMPOST_SECRET"]
client = Client(
    base_url=url,
    headers={"RT-AccessCode": code, "RT-SecretKey": secret},
    raise_on_unexpected_status=True,
)
admin = AuthenticatedClient(
    base_url=url, token=os.environ["SIMPOST_ADMIN_TOKEN"], raise_on_unexpected_status=True
)

sent = send_message.sync(client=client, body=MessageRequest(esim_tran_no=esim, text="hello"))
assert isinstance(sent, AcceptedMessage), sent
preview = send_message.sync(
    client=client, body=MessageRequest(esim_tran_no=esim, text="hello", dry_run=True)
)
assert isinstance(preview, Preview), preview
assert preview.decision == "send"
shown = show_message.sync(sent.id, client=client)
assert isinstance(shown, MessageDetail), shown
assert (shown.text, shown.receipt) == ("hello", True)
listed = list_messages.sync(client=client, limit=1)
assert isinstance(listed, MessagePage), listed
assert listed.messages[0].id == sent.id
refused = send_message.sync(client=client, body=MessageRequest(esim_tran_no=esim))
assert isinstance(refused, Problem), refused
assert refused.code == "invalid_request"

done = open_esim_send_sms.sync(client=client, body=SendSms(esim_tran_no=esim, message="hello"))
assert isinstance(done, OpenDone), done
assert done.success is True
unknown = SendSms(esim_tran_no="26010199999999", message="hello")
fault = open_esim_send_sms.sync(client=client, body=unknown)
assert isinstance(fault, OpenError), fault
assert fault.error_code == "310403"
plans = open_package_list.sync(client=client, body=PackageList())
assert isinstance(plans, OpenPackages), plans
assert plans.obj.package_list[0].package_code == "P1"

added = admin_add_account.sync(client=admin, body=NewAccount(access_code="from-python"))
assert isinstance(added, AccountWithSecret), added
assert added.requests_per_second == 8
esims = admin_list_esims.sync(client=admin)
assert len(esims.esims) == 2
health = healthz.sync(client=client)
assert isinstance(health, HealthOut), health
print("done")  # noqa: T201  the test reads it
