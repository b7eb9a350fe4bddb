import { InvalidWebhook, StaleWebhook } from "./errors.js";
import { isObject } from "./transport.js";

/** An event as an endpoint receives it. An `id` that you know is a repeat: ignore it. */
export interface WebhookEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  subject: string;
  data: Record<string, unknown>;
}

export interface WebhookOptions {
  /** How far the time of a request may be from the clock; default 300. */
  toleranceSeconds?: number;
  /** Milliseconds since 1970; default: the clock. */
  now?: () => number;
}

type GivenHeaders = Headers | Readonly<Record<string, string | string[] | undefined>>;

/**
 * Verifies the requests to one endpoint (Standard Webhooks).
 *
 * While a secret is replaced give both: a request that is signed with either is accepted.
 */
export class Webhook {
  readonly #secrets: Uint8Array<ArrayBuffer>[];
  readonly #toleranceSeconds: number;
  readonly #now: () => number;

  constructor(secrets: string | readonly string[], options: WebhookOptions = {}) {
    this.#secrets = (typeof secrets === "string" ? [secrets] : secrets).map(secretOctets);
    if (this.#secrets.length === 0) throw new TypeError("give the secret of the endpoint");
    this.#toleranceSeconds = options.toleranceSeconds ?? 300;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The events of a request: one, or more if the endpoint asks for batches. `body` is the body as
   * it came, before any parser. Throws InvalidWebhook, or StaleWebhook if only the time is wrong.
   */
  async verify(body: string | Uint8Array, headers: GivenHeaders): Promise<WebhookEvent[]> {
    const octets = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const id = header(headers, "webhook-id");
    const sentAt = header(headers, "webhook-timestamp");
    if (id === "" || !/^\d{1,12}$/.test(sentAt)) {
      throw new InvalidWebhook("webhook-id or webhook-timestamp is missing");
    }
    const prefix = new TextEncoder().encode(`${id}.${sentAt}.`);
    const signed = new Uint8Array(prefix.length + octets.length);
    signed.set(prefix);
    signed.set(octets, prefix.length);
    if (!(await this.#isSigned(signed, header(headers, "webhook-signature")))) {
      throw new InvalidWebhook("no signature of the request fits a secret");
    }
    if (Math.abs(this.#now() / 1000 - Number(sentAt)) > this.#toleranceSeconds) {
      throw new StaleWebhook(`the request is more than ${this.#toleranceSeconds} s off the clock`);
    }
    return readEvents(new TextDecoder().decode(octets));
  }

  async #isSigned(signed: Uint8Array<ArrayBuffer>, given: string): Promise<boolean> {
    const signatures = given.split(" ").slice(0, 20).map(signatureOctets);
    let isRight = false;
    for (const secret of this.#secrets) {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"]);
      for (const each of signatures) {
        if (each !== undefined && (await crypto.subtle.verify("HMAC", key, each, signed))) {
          isRight = true;
        }
      }
    }
    return isRight;
  }
}

function readEvents(text: string): WebhookEvent[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new InvalidWebhook("the signed body is not JSON");
  }
  const rows = isObject(document) && Array.isArray(document["events"]) ? document["events"] : [document];
  if (!rows.every((each) => isObject(each) && typeof each["type"] === "string")) {
    throw new InvalidWebhook("the signed body is no event");
  }
  return rows as WebhookEvent[];
}

function header(headers: GivenHeaders, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? "";
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name && typeof value === "string") return value;
  }
  return "";
}

function signatureOctets(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.startsWith("v1,") ? fromBase64(text.slice(3)) : undefined;
}

function secretOctets(secret: string): Uint8Array<ArrayBuffer> {
  const octets = fromBase64(secret.replace(/^whsec_/, ""));
  if (octets === undefined || octets.length < 16) {
    throw new TypeError("a secret of a webhook is whsec_ and Base64 of at least 16 octets");
  }
  return octets;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    return undefined;
  }
}
