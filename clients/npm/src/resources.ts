import { type Api, path } from "./api.js";
import { problemError } from "./errorTable.js";
import { type ApiError, UnexpectedResponse } from "./errors.js";
import type { components, operations } from "./schema.js";
import { type Answer, isObject } from "./transport.js";

/** The JSON of the API, by the names of the OpenAPI document. */
export type Schemas = components["schemas"];

type QueryOf<Name extends keyof operations> = operations[Name] extends {
  parameters: { query?: infer Q };
}
  ? Omit<NonNullable<Q>, "cursor">
  : never;
type Iterated<T> = AsyncGenerator<T, void, void>;

/** A message to send; `idempotencyKey` is the key of the request. */
export type NewMessage = Omit<Schemas["MessageRequest"], "dryRun">;

/** One message of a batch: `message` if it is accepted, else the `error` with its reason. */
export interface BatchOutcome {
  message: Schemas["AcceptedMessage"] | undefined;
  error: ApiError | undefined;
  /** It was accepted before, by a request with the same key. */
  replayed: boolean;
}

export interface Keyed {
  idempotencyKey?: string;
}

/** Send messages, and read what became of them. */
export class Messages {
  constructor(private readonly api: Api) {}

  /** Send a message: it is committed when this resolves. Throws Refused with the reason. */
  send({ idempotencyKey, ...message }: NewMessage): Promise<Schemas["AcceptedMessage"]> {
    return this.api.keyed("/v1/messages", message, idempotencyKey ?? undefined);
  }

  /** Dry run: the decision with its reasons; nothing is stored or sent. */
  preview(message: NewMessage): Promise<Schemas["Preview"]> {
    return this.api.ask("/v1/messages", { ...message, dryRun: true });
  }

  /** Send up to 1,000 messages; the outcome of each. What was not committed is sent again. */
  sendBatch(messages: readonly NewMessage[], options: Keyed = {}): Promise<BatchOutcome[]> {
    const more = { read: readBatch, isUnfinished: hasUncommitted };
    return this.api.keyed("/v1/messages", { messages }, options.idempotencyKey, more);
  }

  /** One message with its parts, attempts and decisions. */
  get(id: string): Promise<Schemas["MessageDetail"]> {
    return this.api.read(path`/v1/messages/${id}`);
  }

  /** Cancel a message that has not left. Throws Conflict if it has. */
  cancel(id: string): Promise<Schemas["MessageDetail"]> {
    return this.api.change("DELETE", path`/v1/messages/${id}`, undefined, true);
  }

  /** The messages that meet all conditions, newest first; pages are read as needed. */
  search(query: QueryOf<"listMessages"> = {}): Iterated<Schemas["MessageOut"]> {
    return this.api.pages("/v1/messages", (page: Schemas["MessagePage"]) => page.messages, query);
  }
}

/** Send one-time codes and check what people typed. Your program never has the code. */
export class Verifications {
  constructor(private readonly api: Api) {}

  /** Send a code, or the same one again: `step` says which. */
  start(
    given: Omit<Schemas["VerificationRequest"], "dryRun">,
  ): Promise<Schemas["StartedVerification"]> {
    return this.api.change("POST", "/v1/verifications", given, true);
  }

  /** Dry run of a start. */
  preview(
    given: Omit<Schemas["VerificationRequest"], "dryRun">,
  ): Promise<Schemas["VerificationPreview"]> {
    return this.api.ask("/v1/verifications", { ...given, dryRun: true });
  }

  /** Check a code as it was typed. Never repeated by itself: a check uses one of `checksLeft`. */
  check(id: string, code: string): Promise<Schemas["CheckedVerification"]> {
    return this.api.change("POST", path`/v1/verifications/${id}/check`, { code }, false);
  }

  get(id: string): Promise<Schemas["VerificationOut"]> {
    return this.api.read(path`/v1/verifications/${id}`);
  }

  /** End a verification: its code is wrong from then on. */
  cancel(id: string): Promise<Schemas["VerificationOut"]> {
    return this.api.change("DELETE", path`/v1/verifications/${id}`, undefined, true);
  }

  search(query: QueryOf<"listVerifications"> = {}): Iterated<Schemas["VerificationOut"]> {
    const rows = (page: Schemas["VerificationPage"]) => page.verifications;
    return this.api.pages("/v1/verifications", rows, query);
  }
}

/** Texts that are saved once, in several languages, and sent with values. */
export class Templates {
  constructor(private readonly api: Api) {}

  /** Save the next version; the same again is the same version. */
  save(template: Omit<Schemas["TemplateIn"], "dryRun">): Promise<Schemas["SavedTemplateOut"]> {
    return this.api.change("POST", "/v1/templates", template, true);
  }

  /** Dry run of a save: the longest text of each language, or InvalidRequest. */
  check(template: Omit<Schemas["TemplateIn"], "dryRun">): Promise<Schemas["SavedTemplateOut"]> {
    return this.api.ask("/v1/templates", { ...template, dryRun: true });
  }

  /** The latest version, or the one with this number. */
  get(name: string, version?: number): Promise<Schemas["TemplateOut"]> {
    return version === undefined
      ? this.api.read(path`/v1/templates/${name}`)
      : this.api.read(path`/v1/templates/${name}/versions/${String(version)}`);
  }

  /** The text that these values give; nothing is sent. */
  render(name: string, given: Schemas["RenderRequest"] = {}): Promise<Schemas["RenderedTemplate"]> {
    return this.api.ask(path`/v1/templates/${name}/render`, given);
  }

  /** Delete all versions. */
  delete(name: string): Promise<Schemas["DeletedTemplate"]> {
    return this.api.change("DELETE", path`/v1/templates/${name}`, undefined, false);
  }

  list(query: QueryOf<"listTemplates"> = {}): Iterated<Schemas["TemplateSummary"]> {
    return this.api.pages("/v1/templates", (page: Schemas["TemplatePage"]) => page.templates, query);
  }
}

/** One template to many eSIMs. */
export class Broadcasts {
  constructor(private readonly api: Api) {}

  /** Dry run: how many eSIMs, what would be refused and why, parts, cost, samples. */
  preview(
    broadcast: Omit<Schemas["BroadcastRequest"], "dryRun">,
  ): Promise<Schemas["BroadcastPreviewOut"]> {
    return this.api.ask("/v1/broadcasts", { ...broadcast, dryRun: true });
  }

  /** Begin a broadcast, once for a key. */
  start(
    broadcast: Omit<Schemas["BroadcastRequest"], "dryRun">,
    options: Keyed = {},
  ): Promise<Schemas["BroadcastOut"]> {
    return this.api.keyed("/v1/broadcasts", broadcast, options.idempotencyKey);
  }

  get(id: string): Promise<Schemas["BroadcastOut"]> {
    return this.api.read(path`/v1/broadcasts/${id}`);
  }

  list(query: QueryOf<"listBroadcasts"> = {}): Iterated<Schemas["BroadcastOut"]> {
    const rows = (page: Schemas["BroadcastPage"]) => page.broadcasts;
    return this.api.pages("/v1/broadcasts", rows, query);
  }

  pause(id: string, actor = ""): Promise<Schemas["BroadcastOut"]> {
    return this.api.change("POST", path`/v1/broadcasts/${id}/pause`, { actor }, true);
  }

  /** Go on where it was. Never repeated by itself: somebody may pause it again. */
  resume(id: string, actor = ""): Promise<Schemas["BroadcastOut"]> {
    return this.api.change("POST", path`/v1/broadcasts/${id}/resume`, { actor }, false);
  }

  cancel(id: string, actor = ""): Promise<Schemas["BroadcastOut"]> {
    return this.api.change("POST", path`/v1/broadcasts/${id}/cancel`, { actor }, true);
  }

  /** What became of each eSIM. */
  recipients(
    id: string,
    query: { state?: string; limit?: number } = {},
  ): Iterated<Schemas["RecipientOut"]> {
    const rows = (page: Schemas["RecipientPage"]) => page.recipients;
    return this.api.pages(path`/v1/broadcasts/${id}/recipients`, rows, query);
  }
}

/** Read and answer the texts of travellers. */
export class Conversations {
  constructor(private readonly api: Api) {}

  /** The conversation of an eSIM: the one that it has, or a new one. */
  start(esim: Schemas["ConversationStart"]): Promise<Schemas["ConversationOut"]> {
    return this.api.change("POST", "/v1/conversations", esim, true);
  }

  get(id: string): Promise<Schemas["ConversationOut"]> {
    return this.api.read(path`/v1/conversations/${id}`);
  }

  search(query: QueryOf<"listConversations"> = {}): Iterated<Schemas["ConversationOut"]> {
    const rows = (page: Schemas["ConversationPage"]) => page.conversations;
    return this.api.pages("/v1/conversations", rows, query);
  }

  change(id: string, given: Schemas["ConversationPatch"]): Promise<Schemas["ConversationOut"]> {
    return this.api.change("PATCH", path`/v1/conversations/${id}`, given, true);
  }

  /** The texts in both directions, newest first. */
  entries(id: string, query: { limit?: number } = {}): Iterated<Schemas["ConversationEntry"]> {
    const rows = (page: Schemas["ConversationEntries"]) => page.entries;
    return this.api.pages(path`/v1/conversations/${id}/entries`, rows, query);
  }

  /** Send a reply. Throws Refused with the reason. */
  reply(
    id: string,
    reply: Schemas["ReplyRequest"],
    options: Keyed = {},
  ): Promise<Schemas["AcceptedMessage"]> {
    return this.api.keyed(path`/v1/conversations/${id}/replies`, reply, options.idempotencyKey);
  }

  /** Dry run of a reply. */
  previewReply(id: string, reply: Schemas["ReplyRequest"]): Promise<Schemas["Preview"]> {
    return this.api.ask(path`/v1/conversations/${id}/replies`, reply, { dryRun: true });
  }

  /** Add a private note. Never repeated by itself. */
  addNote(id: string, note: Schemas["NoteRequest"]): Promise<Schemas["NoteOut"]> {
    return this.api.change("POST", path`/v1/conversations/${id}/notes`, note, false);
  }

  notes(id: string, query: { limit?: number } = {}): Iterated<Schemas["NoteOut"]> {
    const rows = (page: Schemas["NotePage"]) => page.notes;
    return this.api.pages(path`/v1/conversations/${id}/notes`, rows, query);
  }
}

/** Texts from handsets and phones. */
export class InboundMessages {
  constructor(private readonly api: Api) {}

  get(id: string): Promise<Schemas["InboundDetail"]> {
    return this.api.read(path`/v1/inbound/${id}`);
  }

  search(query: { esimTranNo?: string; limit?: number } = {}): Iterated<Schemas["InboundOut"]> {
    return this.api.pages("/v1/inbound", (page: Schemas["InboundPage"]) => page.inbound, query);
  }
}

function readBatch(answer: Answer): BatchOutcome[] {
  return results(answer).map((row) => {
    const problem = row.problem;
    return {
      message: row.message ?? undefined,
      error: isObject(problem) ? problemError(row.status, problem) : undefined,
      replayed: row.replayed === true,
    };
  });
}

function hasUncommitted(answer: Answer): boolean {
  if (answer.status !== 207 || !answer.headers.has("retry-after")) return false;
  return results(answer).some((row) => row.status === 503);
}

function results(answer: Answer): Schemas["BatchItem"][] {
  const body = answer.json();
  if (isObject(body) && Array.isArray(body["results"])) return body["results"];
  throw new UnexpectedResponse("the response to a batch has no results");
}
