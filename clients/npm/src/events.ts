import type { Api } from "./api.js";
import {
  EventsGone,
  NoResponse,
  NotConnected,
  RateLimited,
  ServerFailed,
  type SimpostError,
  UnexpectedResponse,
} from "./errors.js";
import type { Schemas } from "./resources.js";
import { type Call, pause } from "./transport.js";

export type Event = Schemas["EventOut"];

/** Events are missing here: they are deleted. Read the messages again; the stream goes on. */
export interface Resync {
  type: "resync";
  oldest: number | null;
  lastSequence: number;
}

export interface FollowOptions {
  /** The number of the last event that you did; default: from the next event on. */
  after?: number;
  /** Attempts without any event or heartbeat after which the error is thrown; default 10. */
  giveUpAfter?: number;
}

const SILENCE_MS = 45_000;
const LONGEST_PAUSE_MS = 30_000;
const MAX_EVENT_CHARACTERS = 2 ** 20;

/** Every change of messages, eSIMs, conversations and more, in order. */
export class Events {
  constructor(private readonly api: Api) {}

  /** The events after a number, oldest first. Throws EventsGone if they are deleted. */
  list(query: { after?: number; limit?: number } = {}): Promise<Schemas["EventList"]> {
    return this.api.read("/v1/events", query);
  }

  /** The number of the newest event. */
  async lastSequence(): Promise<number> {
    try {
      await this.list({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
    } catch (error) {
      if (error instanceof EventsGone) return error.lastSequence;
      throw error;
    }
    return Number.MAX_SAFE_INTEGER;
  }

  /**
   * Events as they happen. A lost connection is opened again, and no event is left out or
   * repeated. A `resync` says that events were deleted before they were read.
   */
  async *follow(options: FollowOptions = {}): AsyncGenerator<Event | Resync, void, void> {
    let last = options.after ?? (await this.lastSequence());
    let failures = 0;
    let pauseMs = 1000;
    for (;;) {
      const reader = new FrameReader();
      let failure: SimpostError | undefined;
      let isHeard = false;
      try {
        for await (const text of this.api.transport.stream(streamCall(last), SILENCE_MS)) {
          for (const frame of reader.feed(text)) {
            failures = 0;
            isHeard = true;
            const item = readFrame(frame);
            if (item === undefined) continue;
            last = "lastSequence" in item ? item.lastSequence : item.sequence;
            yield item;
          }
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        failure = error;
      }
      if (failure !== undefined || !isHeard) {
        failures++;
        if (failures >= (options.giveUpAfter ?? 10)) {
          throw failure ?? new NoResponse("the stream of events ends without any event");
        }
      }
      pauseMs = reader.retryMs ?? pauseMs;
      const asked = failure instanceof RateLimited ? failure.retryAfterSeconds : undefined;
      const wanted = asked === undefined ? pauseMs : asked * 1000;
      await pause(Math.min(wanted * Math.max(1, failures), LONGEST_PAUSE_MS));
    }
  }
}

interface Frame {
  event: string;
  data: string;
}

/** Splits a stream of server-sent events into frames. */
export class FrameReader {
  retryMs: number | undefined;
  #rest = "";
  #lines: string[] = [];
  #held = 0;

  *feed(text: string): Generator<Frame, void, void> {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const each of lines) {
      const line = each.endsWith("\r") ? each.slice(0, -1) : each;
      this.#held += line.length;
      this.#check();
      if (line !== "") {
        this.#lines.push(line);
        continue;
      }
      const frame = this.#finish();
      if (frame !== undefined) yield frame;
    }
    this.#check();
  }

  #check(): void {
    if (this.#held + this.#rest.length > MAX_EVENT_CHARACTERS) {
      throw new UnexpectedResponse("an event of the stream is too long");
    }
  }

  #finish(): Frame | undefined {
    let event = "message";
    const data: string[] = [];
    for (const line of this.#lines) {
      const [name = "", ...rest] = line.split(":");
      const value = rest.join(":").replace(/^ /, "");
      if (name === "event") event = value;
      else if (name === "data") data.push(value);
      else if (name === "retry" && /^\d{1,7}$/.test(value)) this.retryMs = Number(value);
    }
    this.#lines = [];
    this.#held = 0;
    return data.length > 0 ? { event, data: data.join("\n") } : undefined;
  }
}

function readFrame(frame: Frame): Event | Resync | undefined {
  if (frame.event === "heartbeat") return undefined;
  try {
    const value = JSON.parse(frame.data) as Event | Resync;
    return frame.event === "resync" ? { ...(value as Resync), type: "resync" } : value;
  } catch {
    throw new UnexpectedResponse("an event of the stream is not JSON");
  }
}

function isPassing(error: unknown): error is SimpostError {
  const kinds = [NoResponse, NotConnected, RateLimited, ServerFailed];
  return kinds.some((kind) => error instanceof kind);
}

function streamCall(last: number): Call<unknown> {
  return {
    method: "GET",
    path: "/v1/events/stream",
    headers: { "Last-Event-ID": String(last), Accept: "text/event-stream" },
    read: () => undefined,
    changes: false,
    repeatable: true,
  };
}
