import { envelopeError, type Json } from "./errorTable.js";
import { NotFound, SmsNotSupported, UnexpectedResponse } from "./errors.js";
import type { Schemas } from "./resources.js";
import { type Answer, type Call, isObject, Transport, type TransportOptions } from "./transport.js";

export type Dialect = "hiroaming" | "esim_access";

/** A plan as the host sends it. Hosts differ in what they add. */
export type Package = Partial<Schemas["OpenPlan"]> & { packageCode: string };

/** An eSIM as the host sends it. */
export type Esim = Partial<Schemas["OpenEsim"]> & { esimTranNo: string };

/** An accepted text. Only simpost says more than that it is accepted. */
export interface SentSms {
  messageId: string | undefined;
  reason: string | undefined;
  heldUntil: string | undefined;
  replaced: number;
}

export interface CompatibleOptions extends TransportOptions {
  accessCode: string;
  /** Not needed if the host takes the access code alone. */
  secret?: string;
  /** Default: hiroaming. */
  dialect?: Dialect;
  /** Sign requests instead of sending the secret; default: with esim_access. */
  signs?: boolean;
  /** The host sends once for one RT-RequestID; default: with hiroaming. Set it for simpost. */
  hasIdempotency?: boolean;
}

export interface SendOptions {
  /** Ask for the smsStatus first; default true. */
  check?: boolean;
  requestId?: string;
  /** For simpost. */
  category?: "code" | "service" | "support" | "notice" | "promotion";
}

const PATH = "/api/v1/open/";
const BUSY = "900001";
const MAX_KNOWN = 10_000;
const KEEP_MS = 600_000;

/** The eSIM SMS API in one of its two public dialects: HiRoaming or eSIM Access. */
export class CompatibleClient {
  readonly #options: CompatibleOptions;
  readonly #isHiroaming: boolean;
  readonly #transport: Transport;
  readonly #known = new Map<string, number>();

  constructor(url: string, options: CompatibleOptions) {
    this.#options = options;
    this.#isHiroaming = (options.dialect ?? "hiroaming") === "hiroaming";
    if (this.#isHiroaming && options.secret === undefined) {
      throw new TypeError("the dialect hiroaming needs the secret");
    }
    this.#transport = new Transport(url, (call) => this.#sign(call), options);
  }

  /**
   * Send a text to an eSIM. First asks the host whether the eSIM can receive SMS, at most every
   * ten minutes for an eSIM, and throws SmsNotSupported without sending if its smsStatus is 0.
   */
  async sendSms(esimTranNo: string, message: string, options: SendOptions = {}): Promise<SentSms> {
    if (options.check !== false && (this.#known.get(esimTranNo) ?? 0) < Date.now()) {
      await this.#checkSmsStatus(esimTranNo);
    }
    const headers: Record<string, string> = {};
    if (options.category !== undefined) headers["RT-Category"] = options.category;
    return this.#post("esim/sendSms", { esimTranNo, message }, readSent, {
      headers,
      changes: true,
      repeatable: this.#options.hasIdempotency ?? this.#isHiroaming,
      idempotencyKey: options.requestId ?? crypto.randomUUID(),
    });
  }

  /** The plan with this package code or slug, such as TH_1_7. Throws NotFound. */
  async getPackage(code: string): Promise<Package> {
    const isSlug = code.includes("_") && !code.startsWith("TOPUP_");
    for (const name of isSlug ? ["slug", "packageCode"] : ["packageCode", "slug"]) {
      let found: Package[] = [];
      try {
        found = await this.listPackages({ [name]: code });
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
      }
      const match = found.find((each) => each.packageCode === code || each.slug === code);
      if (match !== undefined) return match;
    }
    throw new NotFound({ detail: "no plan has this code", status: 200, code: "310241" });
  }

  /** Plans that match the documented filters; without any a host may answer with thousands. */
  listPackages(filters: Readonly<Record<string, string>> = {}): Promise<Package[]> {
    return this.#read("package/list", filters, (answer) => rows<Package>(answer, "packageList"));
  }

  /** One eSIM by its number or its ICCID. Throws NotFound; Conflict while it is allocated. */
  async getEsim(by: { esimTranNo: string } | { iccid: string }): Promise<Esim> {
    const body = { ...by, pager: { pageNum: 1, pageSize: 5 } };
    const found = await this.#read("esim/query", body, (answer) => rows<Esim>(answer, "esimList"));
    const wanted = "esimTranNo" in by ? by.esimTranNo : undefined;
    const match = found.find((each) => wanted === undefined || each.esimTranNo === wanted);
    if (match !== undefined) return match;
    throw new NotFound({ detail: "no eSIM has this number", status: 200, code: "310403" });
  }

  /** The eSIMs of the account, or of an order; pages are read as needed. */
  async *listEsims(
    filters: { orderNo?: string; startTime?: string; endTime?: string } = {},
  ): AsyncGenerator<Esim, void, void> {
    const pageSize = this.#isHiroaming ? 100 : 500;
    for (let pageNum = 1, read = 0; ; pageNum++) {
      const body = { ...filters, pager: { pageNum, pageSize } };
      const page = await this.#read("esim/query", body, (answer) => {
        const pager = (readEnvelope(answer) as Json | null)?.["pager"];
        const total = isObject(pager) ? pager["total"] : undefined;
        return { esims: rows<Esim>(answer, "esimList"), total };
      });
      yield* page.esims;
      read += page.esims.length;
      if (page.esims.length === 0 || typeof page.total !== "number" || read >= page.total) return;
    }
  }

  /** Set the address that is told about events. It replaces the one before. */
  async saveWebhook(url: string): Promise<void> {
    const rest = { changes: true, repeatable: true };
    await this.#post("webhook/save", { webhook: url }, readEnvelope, rest);
  }

  /** The address that is told about events; empty if none is set. */
  async getWebhook(): Promise<string> {
    const found = await this.#read("webhook/query", {}, readEnvelope);
    return isObject(found) && typeof found["webhook"] === "string" ? found["webhook"] : "";
  }

  /** `obj` of any other endpoint, such as `balance/query`. Repeated only if it was not sent. */
  call(endpoint: string, body: object = {}): Promise<unknown> {
    return this.#post(endpoint, body, readEnvelope, { changes: true, repeatable: false });
  }

  async #checkSmsStatus(esimTranNo: string): Promise<void> {
    const esim = await this.getEsim({ esimTranNo });
    let status: number | null | undefined = esim.smsStatus;
    const code = esim.packageList?.at(-1)?.packageCode;
    if (typeof status !== "number" && code) status = (await this.getPackage(code)).smsStatus;
    if (status === 0) {
      throw new SmsNotSupported({
        detail: `The plan of eSIM ${esimTranNo} does not support SMS (smsStatus 0). Nothing was sent.`,
        status: 200,
        code: "200002",
        reason: "sms_not_supported",
        remedy: "Choose a plan with smsStatus 1 or 2.",
      });
    }
    if (typeof status === "number") this.#remember(esimTranNo);
  }

  #remember(esimTranNo: string): void {
    this.#known.delete(esimTranNo);
    this.#known.set(esimTranNo, Date.now() + KEEP_MS);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  #read<T>(endpoint: string, body: object, read: (answer: Answer) => T): Promise<T> {
    return this.#post(endpoint, body, read, { changes: false, repeatable: true });
  }

  #post<T>(
    endpoint: string,
    body: object,
    read: (answer: Answer) => T,
    rest: Pick<Call<T>, "changes" | "repeatable"> & Partial<Call<T>>,
  ): Promise<T> {
    const text = JSON.stringify(body);
    const call: Call<T> = { method: "POST", path: PATH + endpoint, body: text, read, ...rest };
    if (rest.repeatable) call.isUnfinished = isBusy;
    return this.#transport.send(call);
  }

  /** Headers of an attempt: a repeat has the same id, and a time of its own. */
  async #sign(call: Call<unknown>): Promise<Record<string, string>> {
    const { accessCode, secret } = this.#options;
    const id = call.idempotencyKey ?? crypto.randomUUID();
    const timestamp = String(Date.now());
    const headers: Record<string, string> = {
      "RT-AccessCode": accessCode,
      "RT-RequestID": id,
      "RT-Timestamp": timestamp,
    };
    if (secret === undefined) return headers;
    if (this.#options.signs ?? !this.#isHiroaming) {
      const text = timestamp + id + accessCode + (call.body ?? "");
      headers["RT-Signature"] = await signature(secret, text);
    } else {
      headers["RT-SecretKey"] = secret;
    }
    return headers;
  }
}

/** Hex HMAC-SHA256 of timestamp, request id, access code and the body. */
export async function signature(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const octets = encoder.encode(secret);
  const key = await crypto.subtle.importKey("raw", octets, algorithm, false, ["sign"]);
  const made = await crypto.subtle.sign("HMAC", key, encoder.encode(text));
  return Array.from(new Uint8Array(made), (each) => each.toString(16).padStart(2, "0")).join("");
}

function isBusy(answer: Answer): boolean {
  if (!answer.body.slice(0, 500).includes(BUSY)) return false;
  const body = answer.json();
  return isObject(body) && body["errorCode"] === BUSY;
}

function readEnvelope(answer: Answer): unknown {
  const body = answer.json();
  if (!isObject(body) || !("success" in body)) {
    throw new UnexpectedResponse(`HTTP ${answer.status} without an envelope`);
  }
  const successes: unknown[] = [null, undefined, "", "0", 0];
  if ((body["success"] === true || body["success"] === "true") && successes.includes(body["errorCode"])) {
    return body["obj"] ?? null;
  }
  const reason = answer.headers.get("rt-reason") ?? undefined;
  throw envelopeError(answer.status, body, reason, answer.retryAfterSeconds());
}

function rows<T>(answer: Answer, name: string): T[] {
  const found = readEnvelope(answer);
  const list = isObject(found) ? found[name] : undefined;
  if (Array.isArray(list) && list.every(isObject)) return list as T[];
  throw new UnexpectedResponse(`the response has no ${name}`);
}

function readSent(answer: Answer): SentSms {
  readEnvelope(answer);
  const header = (name: string) => answer.headers.get(name) ?? undefined;
  return {
    messageId: header("RT-MessageID"),
    reason: header("RT-Reason"),
    heldUntil: header("RT-Held-Until"),
    replaced: Number(header("RT-Replaced") ?? 0),
  };
}
