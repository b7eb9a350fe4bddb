/**
 * Errors of the client, as one tree:
 *
 *     SimpostError
 *     ├── NotConnected              nothing was sent
 *     ├── NoResponse                the response did not come, or not whole
 *     │   └── InDoubt               the same for a request that changes something
 *     ├── UnexpectedResponse        it is not what the API documents
 *     ├── ApiError                  the API answered with an error
 *     │   ├── InvalidRequest, AuthenticationFailed, PermissionDenied, NotFound
 *     │   ├── Refused               not sent, for a reason
 *     │   │   └── SmsNotSupported   the plan does not support SMS (smsStatus 0)
 *     │   ├── Conflict              the state of the object does not allow it
 *     │   │   ├── KeyReused         the idempotency key belongs to another request
 *     │   │   └── EventsGone        the events that were asked for are deleted
 *     │   ├── RateLimited           too many requests
 *     │   └── ServerFailed          the service failed
 *     └── InvalidWebhook            a request that simpost did not sign
 *         └── StaleWebhook          signed too long ago, or in the future
 *
 * No error has the text of a message, a one-time code or a secret.
 */
export class SimpostError extends Error {
  /** The key of the request: with it, the same request can be repeated and is done once. */
  idempotencyKey: string | undefined;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The host could not be reached. Nothing was sent. */
export class NotConnected extends SimpostError {}

/** The request was sent, and no whole response came in time. */
export class NoResponse extends SimpostError {}

/** The request may have been carried out. Repeat it with its `idempotencyKey`. */
export class InDoubt extends NoResponse {}

/** The response is not what the API documents: another host may have answered. */
export class UnexpectedResponse extends SimpostError {}

/** What an error of the API says. */
export interface ApiErrorFacts {
  detail: string;
  status: number;
  code: string;
  reason?: string | undefined;
  remedy?: string | undefined;
  retryAfterSeconds?: number | undefined;
  problem?: Readonly<Record<string, unknown>>;
}

/** The API answered with an error. `code` is `not_found`, `310403` ...; `reason` is documented. */
export class ApiError extends SimpostError {
  readonly detail: string;
  readonly status: number;
  readonly code: string;
  readonly reason: string | undefined;
  readonly remedy: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** The problem or the envelope, as it came. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(facts: ApiErrorFacts) {
    const { code, reason } = facts;
    super(`${reason === undefined || reason === code ? code : `${code}, ${reason}`}: ${facts.detail}`);
    this.detail = facts.detail;
    this.status = facts.status;
    this.code = code;
    this.reason = reason;
    this.remedy = facts.remedy;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.problem = facts.problem ?? {};
  }
}

/** The request is not as documented. */
export class InvalidRequest extends ApiError {}

/** The credentials are missing or wrong. */
export class AuthenticationFailed extends ApiError {}

/** The credentials do not allow it, or not from this address. */
export class PermissionDenied extends ApiError {}

/** There is no such object in this account. */
export class NotFound extends ApiError {}

/** The message was refused: `reason` says why. It may be accepted later. */
export class Refused extends ApiError {}

/** The plan of the eSIM does not support SMS (smsStatus 0). */
export class SmsNotSupported extends Refused {}

/** The present state of the object does not allow it. */
export class Conflict extends ApiError {}

/** The idempotency key was used for another request. */
export class KeyReused extends Conflict {}

/** The events after this number are deleted. Read on after `lastSequence`. */
export class EventsGone extends Conflict {
  /** The number of the newest event. */
  get lastSequence(): number {
    return Number(this.problem["lastSequence"] ?? 0);
  }
}

/** There are too many requests. Wait for `retryAfterSeconds`. */
export class RateLimited extends ApiError {}

/** The service failed. A request that changes something may have been carried out. */
export class ServerFailed extends ApiError {}

/** The request is not signed with the secret of the endpoint. */
export class InvalidWebhook extends SimpostError {}

/** The request was signed too long ago, or in the future. */
export class StaleWebhook extends InvalidWebhook {}
