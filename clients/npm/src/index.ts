/**
 * Client of simpost, and of every host that speaks the compatible eSIM SMS API.
 *
 * @packageDocumentation
 */
export { type Credentials, SimpostClient } from "./client.js";
export {
  CompatibleClient,
  type CompatibleOptions,
  type Dialect,
  type Esim,
  type Package,
  type SendOptions,
  type SentSms,
} from "./compatible.js";
export * from "./errors.js";
export type { Event, FollowOptions, Resync } from "./events.js";
export type { BatchOutcome, NewMessage, Schemas } from "./resources.js";
export type { Retries, Timeouts, TransportOptions } from "./transport.js";
export { Webhook, type WebhookEvent, type WebhookOptions } from "./webhooks.js";
