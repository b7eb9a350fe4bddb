import { InDoubt, NoResponse, NotConnected, SimpostError, UnexpectedResponse } from "./errors.js";
import { type Json, problemError } from "./errorTable.js";

/** Milliseconds; every call ends. */
export interface Timeouts {
  /** Longest time of one attempt, with its response; default 30,000. */
  attemptMs?: number;
  /** Longest time of a call with its repeats; default 60,000. */
  totalMs?: number;
}

/** How often a request is tried, and the waits between: doubled each time, with chance. */
export interface Retries {
  /** Attempts in all; default 3. */
  attempts?: number;
  /** Default 500. */
  firstWaitMs?: number;
  /** A longer `Retry-After` raises the error at once; default 20,000. */
  longestWaitMs?: number;
}

export interface TransportOptions {
  timeouts?: Timeouts | undefined;
  retries?: Retries | undefined;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** A response; `json` raises UnexpectedResponse if the body is not JSON. */
export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly body: string,
  ) {}

  json(): unknown {
    try {
      return JSON.parse(this.body);
    } catch {
      const kind = this.headers.get("content-type") ?? "no type";
      throw new UnexpectedResponse(`HTTP ${this.status} with ${kind} instead of JSON`);
    }
  }

  retryAfterSeconds(): number | undefined {
    const given = this.headers.get("retry-after") ?? "";
    if (/^\d{1,9}$/.test(given)) return Number(given);
    const at = Date.parse(given);
    return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
  }
}

/**
 * One request of the API, and how its response is read.
 *
 * `changes`: it changes something. `repeatable`: carried out twice it has the same effect.
 * `isUnfinished`: whether a response asks for the same request again.
 */
export interface Call<T> {
  method: string;
  path: string;
  read: (answer: Answer) => T;
  query?: Readonly<Record<string, unknown>>;
  body?: string;
  headers?: Readonly<Record<string, string>>;
  changes: boolean;
  repeatable: boolean;
  isUnfinished?: (answer: Answer) => boolean;
  idempotencyKey?: string;
}

export type Sign = (call: Call<unknown>) => Promise<Record<string, string>>;

const MAX_RESPONSE_OCTETS = 32 * 2 ** 20;
const UNAVAILABLE = new Set([500, 502, 503, 504]);
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Sends calls with fetch, repeats them, and reads their responses. */
export class Transport {
  readonly #url: string;
  readonly #sign: Sign;
  readonly #timeouts: Required<Timeouts>;
  readonly #retries: Required<Retries>;
  readonly #fetch: typeof fetch;

  constructor(url: string, sign: Sign, options: TransportOptions) {
    if (!/^https?:\/\//.test(url)) throw new TypeError("the URL begins with https:// or http://");
    this.#url = url.replace(/\/+$/, "");
    this.#sign = sign;
    this.#timeouts = { attemptMs: 30_000, totalMs: 60_000, ...options.timeouts };
    this.#retries = { attempts: 3, firstWaitMs: 500, longestWaitMs: 20_000, ...options.retries };
    for (const each of Object.values(this.#timeouts)) {
      if (!(each > 0 && each < Infinity)) throw new RangeError("a timeout must be finite");
    }
    this.#fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
  }

  /** What the API answers to a call. Throws a SimpostError. */
  async send<T>(call: Call<T>): Promise<T> {
    const endsAt = Date.now() + this.#timeouts.totalMs;
    for (let made = 1; ; made++) {
      let waitMs: number | undefined;
      try {
        const left = Math.max(1, Math.min(this.#timeouts.attemptMs, endsAt - Date.now()));
        const answer = await this.#exchange(call, left);
        if (answer.status === 429 || call.isUnfinished?.(answer)) {
          waitMs = this.#wait(made, endsAt, answer.retryAfterSeconds());
        } else if (UNAVAILABLE.has(answer.status) && call.repeatable) {
          waitMs = this.#wait(made, endsAt, answer.retryAfterSeconds());
        }
        if (waitMs === undefined) return readAnswer(call, answer);
      } catch (error) {
        if (error instanceof SimpostError) throw withKey(error, call);
        const isSent = mayBeSent(error);
        if (call.repeatable || !isSent) waitMs = this.#wait(made, endsAt);
        if (waitMs === undefined) throw withKey(failure(call, error, isSent, made), call);
      }
      await pause(waitMs);
    }
  }

  /** The text of a stream as it comes. Throws NoResponse when it breaks or is silent. */
  async *stream(call: Call<unknown>, silenceMs: number): AsyncGenerator<string, void, void> {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), this.#timeouts.attemptMs);
    try {
      const response = await this.#request(call, stop.signal);
      if (response.status !== 200) refuse(await readWhole(response));
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      while (reader) {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), silenceMs);
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } catch (error) {
      if (error instanceof SimpostError) throw error;
      const kind = mayBeSent(error) ? NoResponse : NotConnected;
      throw new kind(`${call.method} ${call.path}: ${nameOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async #exchange(call: Call<unknown>, limitMs: number): Promise<Answer> {
    return readWhole(await this.#request(call, AbortSignal.timeout(limitMs)));
  }

  async #request(call: Call<unknown>, signal: AbortSignal): Promise<Response> {
    const url = new URL(this.#url + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, plain(value));
    }
    const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
    if (call.body !== undefined) headers["Content-Type"] ??= "application/json";
    Object.assign(headers, await this.#sign(call));
    const init: RequestInit = { method: call.method, headers, redirect: "manual", signal };
    if (call.body !== undefined) init.body = call.body;
    return this.#fetch(url.toString(), init);
  }

  #wait(made: number, endsAt: number, askedSeconds?: number): number | undefined {
    if (made >= this.#retries.attempts) return undefined;
    const usual = this.#retries.firstWaitMs * 2 ** (made - 1) * (0.5 + Math.random() / 2);
    const waitMs = askedSeconds === undefined ? usual : askedSeconds * 1000;
    if (waitMs > this.#retries.longestWaitMs || Date.now() + waitMs >= endsAt) return undefined;
    return waitMs;
  }
}

/** Wait for some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readWhole(response: Response): Promise<Answer> {
  const decoder = new TextDecoder();
  let body = "";
  let octets = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    octets += value.length;
    if (octets > MAX_RESPONSE_OCTETS) {
      await reader.cancel();
      throw new UnexpectedResponse(`a response of more than ${MAX_RESPONSE_OCTETS} octets`);
    }
    body += decoder.decode(value, { stream: true });
  }
  return new Answer(response.status, response.headers, body + decoder.decode());
}

function readAnswer<T>(call: Call<T>, answer: Answer): T {
  if (call.path.startsWith("/v1/") && (answer.status < 200 || answer.status >= 300)) refuse(answer);
  return call.read(answer);
}

function refuse(answer: Answer): never {
  const body = answer.json();
  if (answer.status < 400 || !isObject(body)) {
    throw new UnexpectedResponse(`HTTP ${answer.status} is not documented`);
  }
  throw problemError(answer.status, body, answer.retryAfterSeconds());
}

function withKey(error: SimpostError, call: Call<unknown>): SimpostError {
  error.idempotencyKey = call.idempotencyKey;
  return error;
}

function failure(call: Call<unknown>, cause: unknown, isSent: boolean, made: number): SimpostError {
  const kind = isSent ? (call.changes ? InDoubt : NoResponse) : NotConnected;
  const text = `${call.method} ${call.path}: ${nameOf(cause)} in attempt ${made}`;
  return new kind(text, { cause });
}

/** Whether the host may have got the request. Browsers do not say: then it may. */
function mayBeSent(error: unknown): boolean {
  const cause = isObject(error) || error instanceof Error ? (error as Error).cause : undefined;
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  return !causes.every((each) => UNSENT.has(String((each as { code?: unknown } | undefined)?.code)));
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "failure";
}

function plain(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
