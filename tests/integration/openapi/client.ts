// What a user writes with the types that openapi-typescript makes of the document.
import createClient from "openapi-fetch";
import type { components, paths } from "./simpost.js";

declare const process: { env: Record<string, string> };

const { SIMPOST_URL, SIMPOST_ACCESS_CODE, SIMPOST_SECRET, SIMPOST_ADMIN_TOKEN, SIMPOST_ESIM } =
  process.env as Record<string, string>;
const account = { "RT-AccessCode": SIMPOST_ACCESS_CODE!, "RT-SecretKey": SIMPOST_SECRET! };
const client = createClient<paths>({ baseUrl: SIMPOST_URL!, headers: account });
const admin = createClient<paths>({
  baseUrl: SIMPOST_URL!,
  headers: { Authorization: `Bearer ${SIMPOST_ADMIN_TOKEN}` },
});
const esimTranNo = SIMPOST_ESIM!;

function check(isRight: unknown, what: string): asserts isRight {
  if (!isRight) throw new Error(what);
}

// Fields with a default need not be given; others must.
const least: components["schemas"]["MessageRequest"] = { esimTranNo, text: "hello" };
// @ts-expect-error  neither text nor binary
const tooLittle: components["schemas"]["MessageRequest"] = { esimTranNo };
const newAccount: components["schemas"]["NewAccount"] = { accessCode: "from-typescript" };

const sent = await client.POST("/v1/messages", { body: least });
check(sent.response.status === 202 && sent.data && "id" in sent.data, "send");

const preview = await client.POST("/v1/messages", { body: { ...least, dryRun: true } });
check(preview.data && "decision" in preview.data && preview.data.decision === "send", "dry run");

const shown = await client.GET("/v1/messages/{id}", { params: { path: { id: sent.data.id } } });
check(shown.data?.text === "hello" && shown.data.receipt === true, "show");

const listed = await client.GET("/v1/messages", { params: { query: { limit: 1 } } });
check(listed.data?.messages[0]?.id === sent.data.id, "list");

const refused = await client.POST("/v1/messages", { body: tooLittle });
check(refused.error?.code === "invalid_request", "problem");

const open = await client.POST("/api/v1/open/esim/sendSms", {
  body: { esimTranNo, message: "hello" },
});
check(open.data?.success === true && open.response.headers.get("RT-MessageID"), "sendSms");

const fault = await client.POST("/api/v1/open/esim/sendSms", {
  body: { esimTranNo: "26010199999999", message: "hello" },
});
check(fault.data?.success === false && fault.data.errorCode === "310403", "fault");

const plans = await client.POST("/api/v1/open/package/list", { body: {} });
check(plans.data?.success === true && plans.data.obj.packageList[0]?.packageCode === "P1", "plans");

const added = await admin.POST("/v1/admin/accounts", { body: newAccount });
check(added.response.status === 201 && added.data?.requestsPerSecond === 8, "account");

const health = await client.GET("/healthz");
check(health.data?.status === "ok", "health");

console.log("done");
export {};
