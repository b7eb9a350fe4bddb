import { Api } from "./api.js";
import { Events } from "./events.js";
import {
  Broadcasts,
  Conversations,
  InboundMessages,
  Messages,
  Templates,
  Verifications,
} from "./resources.js";
import { Transport, type TransportOptions } from "./transport.js";

/** Access code and secret of the account, or an API key. */
export type Credentials =
  | { accessCode: string; secret: string; apiKey?: never }
  | { apiKey: string; accessCode?: never; secret?: never };

/** The native API of a simpost: messages, codes, templates, broadcasts, conversations, events. */
export class SimpostClient {
  readonly messages: Messages;
  readonly verifications: Verifications;
  readonly templates: Templates;
  readonly broadcasts: Broadcasts;
  readonly conversations: Conversations;
  readonly inbound: InboundMessages;
  readonly events: Events;

  constructor(url: string, options: Credentials & TransportOptions) {
    const headers = { Authorization: authorization(options) };
    const api = new Api(new Transport(url, () => Promise.resolve(headers), options));
    this.messages = new Messages(api);
    this.verifications = new Verifications(api);
    this.templates = new Templates(api);
    this.broadcasts = new Broadcasts(api);
    this.conversations = new Conversations(api);
    this.inbound = new InboundMessages(api);
    this.events = new Events(api);
  }
}

function authorization(given: Credentials): string {
  if (given.apiKey !== undefined) return `Bearer ${given.apiKey}`;
  if (given.accessCode === undefined || given.secret === undefined) {
    throw new TypeError("give accessCode and secret, or apiKey");
  }
  const octets = new TextEncoder().encode(`${given.accessCode}:${given.secret}`);
  return `Basic ${btoa(String.fromCharCode(...octets))}`;
}
