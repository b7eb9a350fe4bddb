import type { Answer, Call, Transport } from "./transport.js";

export type Query = Readonly<Record<string, unknown>>;

/** A page of a list; `next` is the cursor of the next page, null at the end. */
interface Page {
  next: string | null;
}

/** Sends the calls of the native API. */
export class Api {
  constructor(readonly transport: Transport) {}

  /** Read an object. */
  read<T>(path: string, query: Query = {}): Promise<T> {
    const call = { method: "GET", path, query, read: readJson<T>, changes: false, repeatable: true };
    return this.transport.send(call);
  }

  /** The rows of all pages, which are read as needed. */
  async *pages<P extends Page, T>(
    path: string,
    rows: (page: P) => readonly T[],
    query: Query,
  ): AsyncGenerator<T, void, void> {
    let cursor: string | null = null;
    do {
      const page: P = await this.read<P>(path, { ...query, cursor });
      yield* rows(page);
      cursor = page.next;
    } while (cursor !== null);
  }

  /** Read what depends on a body, such as a dry run: nothing is changed. */
  ask<T>(path: string, body: object, query: Query = {}): Promise<T> {
    return this.#post(path, body, { changes: false, repeatable: true, query });
  }

  /** Change an object without a key. */
  change<T>(
    method: string,
    path: string,
    body: object | undefined,
    repeatable: boolean,
  ): Promise<T> {
    const call: Call<T> = { method, path, read: readJson<T>, changes: true, repeatable };
    if (body !== undefined) call.body = JSON.stringify(body);
    return this.transport.send(call);
  }

  /** Send with an idempotency key, so that a repeat has no second effect. */
  keyed<T>(
    path: string,
    body: object,
    given: string | undefined,
    more: Partial<Call<T>> = {},
  ): Promise<T> {
    const idempotencyKey = given ?? crypto.randomUUID();
    const headers = { "Idempotency-Key": idempotencyKey };
    return this.#post(path, body, {
      changes: true,
      repeatable: true,
      idempotencyKey,
      headers,
      ...more,
    });
  }

  #post<T>(
    path: string,
    body: object,
    rest: Partial<Call<T>> & { changes: boolean; repeatable: boolean },
  ): Promise<T> {
    const text = JSON.stringify(body);
    return this.transport.send({ method: "POST", path, body: text, read: readJson<T>, ...rest });
  }
}

/** A path with escaped names. Throws for an empty one: that is another path. */
export function path(strings: TemplateStringsArray, ...names: string[]): string {
  for (const name of names) {
    if (name === "" || name === "." || name === "..") throw new TypeError("an id or a name is empty");
  }
  return String.raw({ raw: strings }, ...names.map(encodeURIComponent));
}

function readJson<T>(answer: Answer): T {
  return answer.json() as T;
}
