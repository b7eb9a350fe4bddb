// A host that answers as a test says: one step per request.
import { CompatibleClient, SimpostClient } from "../dist/index.js";

export class ScriptedHost {
  requests = [];

  constructor(...steps) {
    this.steps = steps;
    this.fetch = async (url, init) => {
      this.requests.push({ url: new URL(url), ...init });
      const step = this.steps.shift();
      if (step instanceof Error) throw step;
      return step;
    };
  }

  native(options = {}) {
    return new SimpostClient("http://simpost.test", { ...this.#shared(), ...options });
  }

  compatible(options = {}) {
    return new CompatibleClient("http://simpost.test", { ...this.#shared(), ...options });
  }

  header(name) {
    return this.requests.map((request) => request.headers[name]);
  }

  bodies() {
    return this.requests.map((request) => JSON.parse(request.body));
  }

  #shared() {
    const retries = { firstWaitMs: 1 };
    return { accessCode: "demo", secret: "demo-secret", fetch: this.fetch, retries };
  }
}

export function answer(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers });
}

export function problem(status, code, headers = {}) {
  return answer(status, { type: "about:blank", status, code, detail: "No." }, headers);
}

export const lost = () => new TypeError("terminated");
export const unreached = () =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNREFUSED" }) });

export const ACCEPTED = {
  id: "019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33",
  state: "accepted",
  sendAt: null,
  heldUntil: null,
  encoding: "gsm7",
  partCount: 1,
  replaced: [],
};
