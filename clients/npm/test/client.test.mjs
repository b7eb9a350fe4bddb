// What is repeated, read, signed and refused, without a gateway.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import * as simpost from "../dist/index.js";
import { signature } from "../dist/compatible.js";
import { FrameReader } from "../dist/events.js";
import { ACCEPTED, answer, lost, problem, ScriptedHost, unreached } from "./scripted.mjs";

const MESSAGE = { esimTranNo: "23072017992029", text: "Hello" };
const DONE = { success: true, errorCode: null, errorMsg: null, obj: null };
const ESIM = { esimTranNo: "23072017992029", smsStatus: 1, packageList: [] };
const esims = (...rows) =>
  answer(200, { ...DONE, obj: { pager: { total: rows.length }, esimList: rows } });

test("a send is repeated with the same key, and each send has its own", async () => {
  for (const fault of [lost, unreached, () => problem(503, "store_unavailable")]) {
    const host = new ScriptedHost(fault(), fault(), answer(202, ACCEPTED), answer(202, ACCEPTED));
    const client = host.native();
    assert.equal((await client.messages.send(MESSAGE)).partCount, 1);
    await client.messages.send(MESSAGE);
    const keys = host.header("Idempotency-Key");
    assert.equal(new Set(keys.slice(0, 3)).size, 1);
    assert.notEqual(keys[3], keys[0]);
  }
});

test("an error has the key to repeat with", async () => {
  const host = new ScriptedHost(lost(), lost(), lost());
  const error = await host.native().messages.send(MESSAGE).catch((each) => each);
  assert.ok(error instanceof simpost.InDoubt);
  assert.deepEqual(new Set(host.header("Idempotency-Key")), new Set([error.idempotencyKey]));
});

test("a check in doubt is not repeated, one that was not sent is", async () => {
  const host = new ScriptedHost(lost());
  await assert.rejects(host.native().verifications.check("1", "482910"), simpost.InDoubt);
  assert.equal(host.requests.length, 1);
  const other = new ScriptedHost(unreached(), problem(404, "not_found"));
  await assert.rejects(other.native().verifications.check("1", "482910"), simpost.NotFound);
});

test("a send without idempotency is not repeated in doubt", async () => {
  const host = new ScriptedHost(lost());
  const client = host.compatible({ dialect: "esim_access" });
  await assert.rejects(client.sendSms("1", "Hello", { check: false }), simpost.InDoubt);
  assert.equal(host.requests.length, 1);
  const hiroaming = new ScriptedHost(lost(), answer(200, DONE));
  await hiroaming.compatible().sendSms("1", "Hello", { check: false });
  assert.equal(new Set(hiroaming.header("RT-RequestID")).size, 1);
});

test("a wait that is too long is left to the caller", async () => {
  const host = new ScriptedHost(problem(429, "too_many_requests", { "Retry-After": "3600" }));
  const error = await host.native().messages.send(MESSAGE).catch((each) => each);
  assert.ok(error instanceof simpost.RateLimited);
  assert.equal(error.retryAfterSeconds, 3600);
});

test("what a batch could not commit is sent again", async () => {
  const refused = { status: 503, replayed: false, message: null, problem: { code: "x" } };
  const taken = { status: 202, replayed: true, message: ACCEPTED, problem: null };
  const host = new ScriptedHost(
    answer(207, { results: [refused] }, { "Retry-After": "0" }),
    answer(207, { results: [taken] }),
  );
  const [outcome] = await host.native().messages.sendBatch([MESSAGE]);
  assert.equal(outcome.replayed, true);
  assert.equal(outcome.error, undefined);
});

test("a refusal has its reason and remedy, and no text", async () => {
  const body = { code: "sms_not_supported", status: 409, detail: "No.", remedy: "Another." };
  const host = new ScriptedHost(answer(409, body));
  const error = await host.native().messages.send(MESSAGE).catch((each) => each);
  assert.ok(error instanceof simpost.SmsNotSupported && error instanceof simpost.Refused);
  assert.deepEqual([error.reason, error.remedy, error.name], [body.code, "Another.", "SmsNotSupported"]);
  assert.ok(!String(error).includes("Hello"));
});

test("an eSIM without SMS gets no request to send, another is asked for once", async () => {
  const none = new ScriptedHost(esims({ ...ESIM, smsStatus: 0 }));
  await assert.rejects(none.compatible().sendSms(ESIM.esimTranNo, "Hello"), simpost.SmsNotSupported);
  assert.equal(none.requests.length, 1);
  const host = new ScriptedHost(esims(ESIM), answer(200, DONE), answer(200, DONE));
  const client = host.compatible();
  await client.sendSms(ESIM.esimTranNo, "One");
  await client.sendSms(ESIM.esimTranNo, "Two");
  assert.equal(host.requests.length, 3);
});

test("answers of both dialects are read", async () => {
  for (const envelope of [DONE, { ...DONE, errorCode: "0", obj: {} }]) {
    const host = new ScriptedHost(answer(200, envelope, { "RT-MessageID": "m1", "RT-Replaced": "2" }));
    const sent = await host.compatible().sendSms("1", "Hello", { check: false });
    assert.deepEqual([sent.messageId, sent.replaced, sent.reason], ["m1", 2, undefined]);
  }
  const kinds = {
    "000101": simpost.AuthenticationFailed,
    101003: simpost.AuthenticationFailed,
    200002: simpost.Refused,
    200010: simpost.Conflict,
    310402: simpost.KeyReused,
    310403: simpost.NotFound,
  };
  for (const [code, kind] of Object.entries(kinds)) {
    const body = { success: false, errorCode: code, errorMsg: "No.", obj: null };
    const host = new ScriptedHost(answer(200, body));
    const call = host.compatible().sendSms("1", "Hello", { check: false });
    await assert.rejects(call, (error) => error.constructor === kind && error.code === code);
  }
});

test("a plan is found by its slug or its code", async () => {
  const plans = [{ packageCode: "X", slug: "XX" }, { packageCode: "P1", slug: "TH_1_7", smsStatus: 1 }];
  const list = () => answer(200, { ...DONE, obj: { packageList: plans } });
  const host = new ScriptedHost(list(), list());
  const client = host.compatible();
  assert.equal((await client.getPackage("TH_1_7")).packageCode, "P1");
  assert.equal((await client.getPackage("P1")).smsStatus, 1);
  assert.deepEqual(host.bodies(), [{ slug: "TH_1_7" }, { packageCode: "P1" }]);
});

test("signatures are those of the documents", async () => {
  const text = "1628670421" + "4ce9d9cdac9e4e17b3a2c66c358c1ce2" + "11111" + '{"imsi":"326543826"}';
  const expected = "7eb765e27df5373dea2dbc8c41a7d9557743e46c8054750f3d851b3fd01d0835";
  assert.equal(await signature("1111", text), expected);
  const host = new ScriptedHost(answer(200, DONE));
  await host.compatible({ dialect: "esim_access" }).sendSms("1", "Grüße", { check: false });
  assert.equal(host.header("RT-SecretKey")[0], undefined);
  assert.match(host.header("RT-Signature")[0], /^[0-9a-f]{64}$/);
});

test("another host is no success", async () => {
  for (const body of ["<html>", "[]", "{}"]) {
    const host = new ScriptedHost(new Response(body, { status: 200 }));
    const call = host.compatible().sendSms("1", "Hello", { check: false });
    await assert.rejects(call, simpost.UnexpectedResponse);
  }
});

test("a call ends in time, also when octets come one by one", async () => {
  for (const drips of [false, true]) {
    let timer;
    const server = createServer((_, response) => {
      if (drips) {
        response.writeHead(200);
        timer = setInterval(() => response.write(" "), 20);
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const options = { accessCode: "demo", secret: "x", retries: { attempts: 1 } };
    const url = `http://127.0.0.1:${server.address().port}`;
    const client = new simpost.SimpostClient(url, { ...options, timeouts: { attemptMs: 200 } });
    await assert.rejects(client.messages.get("1"), simpost.NoResponse);
    clearInterval(timer);
    server.closeAllConnections();
    server.close();
    await assert.rejects(client.messages.get("1"), simpost.NotConnected);
  }
  assert.throws(() => new ScriptedHost().native({ timeouts: { totalMs: Infinity } }), RangeError);
});

test("webhooks: two secrets, tolerance, and what was changed", async () => {
  const secrets = [1, 2].map((each) => `whsec_${Buffer.alloc(24, each).toString("base64")}`);
  const at = 1_795_367_049;
  const body = JSON.stringify({ id: "evt_1", type: "message.sent", sequence: 7, subject: "Grüße" });
  const sign = (secret, text = body) => {
    const key = Buffer.from(secret.slice(6), "base64");
    return `v1,${createHmac("sha256", key).update(`evt_1.${at}.${text}`).digest("base64")}`;
  };
  const headers = (...signed) => ({
    "Webhook-Id": "evt_1",
    "webhook-timestamp": String(at),
    "webhook-signature": signed.join(" "),
  });
  const both = headers(...secrets.map((each) => sign(each)));
  const now = (seconds) => ({ now: () => (at + seconds) * 1000 });
  for (const known of [secrets[0], secrets[1], secrets]) {
    const [event] = await new simpost.Webhook(known, now(299)).verify(body, both);
    assert.equal(event.sequence, 7);
  }
  const batch = JSON.stringify({ type: "events", events: [JSON.parse(body), JSON.parse(body)] });
  const webhook = new simpost.Webhook(secrets[1], now(0));
  assert.equal((await webhook.verify(Buffer.from(batch), headers(sign(secrets[1], batch)))).length, 2);
  for (const seconds of [301, -301]) {
    const stale = new simpost.Webhook(secrets[1], now(seconds)).verify(body, both);
    await assert.rejects(stale, simpost.StaleWebhook);
  }
  await assert.rejects(webhook.verify(`${body} `, both), simpost.InvalidWebhook);
  await assert.rejects(webhook.verify(body, headers(sign(secrets[0]))), simpost.InvalidWebhook);
  await assert.rejects(webhook.verify(body, headers("v1,%%%", "v2,x")), simpost.InvalidWebhook);
  await assert.rejects(webhook.verify(body, {}), simpost.InvalidWebhook);
  assert.throws(() => new simpost.Webhook("whsec_YWJj"), TypeError);
});

const frame = (sequence) =>
  `id: ${sequence}\nevent: message.sent\ndata: ${JSON.stringify({ sequence, subject: "Grüße" })}\n\n`;
const stream = (...frames) => new Response(`retry: 1\n\n${frames.join("")}`);

test("a stream goes on after the last event, and tells what is deleted", async () => {
  const resync = 'event: resync\ndata: {"oldest": 50, "lastSequence": 60}\n\n';
  const heartbeat = "event: heartbeat\ndata: {}\n\n";
  const gone = answer(410, { code: "events_gone", status: 410, lastSequence: 7 });
  const host = new ScriptedHost(
    gone, stream(heartbeat), stream(frame(8), frame(9)), lost(), stream(resync), stream(frame(61)),
  );
  const seen = [];
  for await (const event of host.native().events.follow()) {
    seen.push(event.type === "resync" ? event.lastSequence : event.sequence);
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, [8, 9, 60, 61]);
  assert.deepEqual(host.header("Last-Event-ID").slice(1), ["7", "7", "9", "9", "60"]);
});

test("a host that is gone is given up, wrong credentials at once", async () => {
  const first = async (host, options) => host.native().events.follow(options).next();
  const gone = new ScriptedHost(stream(), lost(), stream());
  await assert.rejects(first(gone, { after: 7, giveUpAfter: 3 }), simpost.NoResponse);
  const wrong = new ScriptedHost(problem(401, "unauthorized"));
  await assert.rejects(first(wrong, { after: 7 }), simpost.AuthenticationFailed);
});

test("an event without an end is refused", () => {
  const reader = new FrameReader();
  const feed = () => {
    for (let each = 0; each < 40; each++) [...reader.feed("x".repeat(65_536))];
  };
  assert.throws(feed, simpost.UnexpectedResponse);
});
