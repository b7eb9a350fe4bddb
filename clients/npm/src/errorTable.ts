import {
  ApiError,
  type ApiErrorFacts,
  AuthenticationFailed,
  Conflict,
  EventsGone,
  InvalidRequest,
  KeyReused,
  NotFound,
  PermissionDenied,
  RateLimited,
  Refused,
  ServerFailed,
  SmsNotSupported,
} from "./errors.js";

type Kind = new (facts: ApiErrorFacts) => ApiError;
export type Json = Readonly<Record<string, unknown>>;

const MAX_DETAIL = 500;

const CODES: Readonly<Record<string, Kind>> = {
  sms_not_supported: SmsNotSupported,
  request_id_reused: KeyReused,
  events_gone: EventsGone,
  code_wait: RateLimited,
  code_budget_reached: RateLimited,
};

const STATUSES: Readonly<Record<number, Kind>> = {
  400: InvalidRequest,
  401: AuthenticationFailed,
  403: PermissionDenied,
  404: NotFound,
  405: InvalidRequest,
  409: Conflict,
  410: Conflict,
  413: InvalidRequest,
  415: InvalidRequest,
  422: InvalidRequest,
  429: RateLimited,
};

/** The documented codes of both dialects, as far as they concern texts, plans and eSIMs. */
export const ENVELOPE_CODES: Readonly<Record<string, Kind>> = {
  "000001": ServerFailed,
  "000101": AuthenticationFailed,
  "000102": InvalidRequest,
  "000103": InvalidRequest,
  "000104": InvalidRequest,
  "000105": InvalidRequest,
  "000106": InvalidRequest,
  "000107": InvalidRequest,
  "101001": AuthenticationFailed,
  "101002": PermissionDenied,
  "101003": AuthenticationFailed,
  "200002": Refused,
  "200010": Conflict,
  "310201": NotFound,
  "310211": NotFound,
  "310241": NotFound,
  "310243": NotFound,
  "310272": NotFound,
  "310402": KeyReused,
  "310403": NotFound,
  "400001": InvalidRequest,
  "401001": AuthenticationFailed,
  "900001": RateLimited,
};

/** The error of a problem of the native API. */
export function problemError(status: number, body: Json, retryAfterSeconds?: number): ApiError {
  const code = text(body["code"]) ?? `http_${status}`;
  const remedy = text(body["remedy"]);
  let kind = CODES[code] ?? STATUSES[status] ?? (status >= 500 ? ServerFailed : ApiError);
  if (remedy !== undefined && (kind === Conflict || kind === InvalidRequest)) kind = Refused;
  return new kind({
    detail: text(body["detail"]) ?? text(body["title"]) ?? "no explanation",
    status,
    code,
    reason: remedy === undefined ? undefined : code,
    remedy,
    retryAfterSeconds,
    problem: body,
  });
}

/** The error of an envelope of the compatible API; `reason` is that of simpost, if it says. */
export function envelopeError(
  status: number,
  body: Json,
  reason?: string,
  retryAfterSeconds?: number,
): ApiError {
  const code = text(body["errorCode"]) ?? `http_${status}`;
  let kind = ENVELOPE_CODES[code] ?? (status >= 500 ? ServerFailed : ApiError);
  if (status === 429) kind = RateLimited;
  if (kind === Refused && reason === "sms_not_supported") kind = SmsNotSupported;
  const detail = text(body["errorMsg"]) ?? text(body["errorMessage"]) ?? "no explanation";
  return new kind({ detail, status, code, reason, retryAfterSeconds, problem: body });
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_DETAIL) : undefined;
}
