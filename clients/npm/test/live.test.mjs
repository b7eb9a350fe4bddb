// The client on a running gateway; the test in Python starts it and says where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as simpost from "../dist/index.js";

const { SIMPOST_URL: url, SIMPOST_ACCESS_CODE: accessCode, SIMPOST_SECRET: secret } = process.env;
const { SIMPOST_ESIM: esimTranNo, SIMPOST_ESIM_WITHOUT_SMS: without } = process.env;
const account = { accessCode, secret };
const options = { skip: url === undefined && "no gateway: SIMPOST_URL is not set" };

test("messages are sent, found, refused, scheduled and cancelled", options, async () => {
  const { messages } = new simpost.SimpostClient(url, account);
  const sent = await messages.send({ esimTranNo, text: "Hello, Node", reference: "node-1" });
  assert.equal((await messages.get(sent.id)).text, "Hello, Node");
  const found = [];
  for await (const each of messages.search({ reference: "node-1", limit: 1 })) found.push(each.id);
  assert.deepEqual(found, [sent.id]);
  const once = { esimTranNo, text: "Once", idempotencyKey: "node-once" };
  assert.equal((await messages.send(once)).id, (await messages.send(once)).id);
  await assert.rejects(messages.send({ ...once, text: "Twice" }), simpost.KeyReused);
  await assert.rejects(messages.send({ esimTranNo: without, text: "No" }), simpost.SmsNotSupported);
  assert.equal((await messages.preview({ esimTranNo, text: "Hi" })).decision, "send");
  const sendAt = new Date(Date.now() + 86_400_000).toISOString();
  const later = await messages.send({ esimTranNo, text: "Later", sendAt });
  assert.equal((await messages.cancel(later.id)).state, "cancelled");
  const [one, two] = await messages.sendBatch([{ esimTranNo, text: "1" }, { esimTranNo: "1", text: "2" }]);
  assert.equal(one.message.partCount, 1);
  assert.ok(two.error instanceof simpost.NotFound);
});

test("codes, templates, broadcasts and conversations", options, async () => {
  const client = new simpost.SimpostClient(url, account);
  const started = await client.verifications.start({ esimTranNo, purpose: "node" });
  const checked = await client.verifications.check(started.id, "000 000");
  assert.ok(["wrong_code", "verified"].includes(checked.verdict));
  assert.equal((await client.verifications.cancel(started.id)).id, started.id);
  const texts = { en: "Hello {name}" };
  const variables = { name: { type: "text", longest: "Wilhelmina" } };
  await client.templates.save({ name: "node", texts, variables, defaultLanguage: "en" });
  assert.equal((await client.templates.render("node", { values: { name: "Ana" } })).text, "Hello Ana");
  const audience = { esims: [esimTranNo] };
  const broadcast = { name: "Node", template: "node", values: { name: "Ana" }, audience };
  assert.equal((await client.broadcasts.preview(broadcast)).sends, 1);
  const startAt = new Date(Date.now() + 86_400_000).toISOString();
  const begun = await client.broadcasts.start({ ...broadcast, startAt });
  assert.equal((await client.broadcasts.cancel(begun.id)).status, "cancelled");
  const conversation = await client.conversations.start({ esimTranNo });
  await client.conversations.reply(conversation.id, { text: "We added 1 GB." });
  const entries = client.conversations.entries(conversation.id);
  assert.equal((await entries.next()).value.text, "We added 1 GB.");
});

test("events are followed", options, async () => {
  const client = new simpost.SimpostClient(url, account);
  const after = await client.events.lastSequence();
  const sent = await client.messages.send({ esimTranNo, text: "An event" });
  for await (const event of client.events.follow({ after })) {
    if (event.subject === sent.id) break;
  }
});

test("the compatible API sends, signs, and refuses before it sends", options, async () => {
  const client = new simpost.CompatibleClient(url, account);
  assert.equal((await client.getPackage("TH_1_7")).packageCode, "P1");
  assert.match((await client.sendSms(esimTranNo, "Welcome!")).messageId, /^[0-9a-f-]{36}$/);
  await assert.rejects(client.sendSms(without, "Welcome!"), /Nothing was sent/);
  await assert.rejects(client.sendSms(without, "Welcome!", { check: false }), simpost.SmsNotSupported);
  await assert.rejects(client.getEsim({ esimTranNo: "26990000000000" }), simpost.NotFound);
  const signing = new simpost.CompatibleClient(url, { ...account, dialect: "esim_access" });
  await signing.sendSms(esimTranNo, "Signed: Grüße ✓");
  const wrong = new simpost.CompatibleClient(url, { ...account, secret: "wrong-secret-0123" });
  await assert.rejects(wrong.getWebhook(), simpost.AuthenticationFailed);
});
