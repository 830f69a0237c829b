/**
 * The errors, one class for each thing a program may want to treat differently.
 *
 * ```text
 * XanoError
 * ├─ ConfigError          an argument, option or credential cannot be used; nothing was sent
 * ├─ ConnectionError      no answer could be had
 * │  └─ TimeoutError      something took longer than allowed
 * ├─ Cancelled            the signal was aborted, or the client closed
 * ├─ DecodeError          an answer came but does not read as what it should be
 * ├─ RecordError          a row cannot be stored, or it cannot be known what became of some; `row`, `column`, `report`
 * ├─ RefusedError         something asked for a yes, a name or a clean state, and did not get it; nothing was changed
 * └─ ApiError             the server refused: BadRequestError (400), AuthenticationError (401), PermissionError (403),
 *                         NotFoundError (404), ConflictError (409), RateLimitError (429), ServerError (500 and above)
 * ```
 *
 * @example
 * ```ts
 * try {
 *   await xano.snippet('no-such').get()
 * } catch (error) {
 *   if (!(error instanceof NotFoundError)) throw error
 *   console.log(error.code, error.operation) // ERROR_CODE_NOT_FOUND account.snippet.get
 * }
 * ```
 */

import { inspect, type InspectOptions } from 'node:util'

import type { LoadReport } from './report.js'

/** What is known about a failure. */
export interface ErrorFields {
  /** The string to branch on: the server's own code when it gave one, otherwise ours. The same in every language. */
  code: string
  /** What happened, in the server's own words when it sent some; `message` adds where, and what to do. */
  detail: string
  /** What to do about it, when there is something to say. */
  hint: string | null
  /** The HTTP status, when a server answered. */
  status: number | null
  /** The server's `payload`: a text, an object, or null. */
  payload: unknown
  /** The input that the server did not accept. */
  param: string | null
  /** The line of a syntax error in XanoScript, counted from 1. */
  line: number | null
  /** The column of a syntax error in XanoScript. */
  col: number | null
  /** The operation, such as `account.snippets.list`. */
  operation: string | null
  /** The HTTP method. */
  method: string | null
  /** The path as the API writes it, without the values in it. */
  path: string | null
  /** The host that was asked. */
  host: string | null
  /** The token scope that the operation asks for. */
  scope: string | null
  /** The server's name for the failed request. */
  requestId: string | null
  /** How often the request was sent, or tried to be. */
  attempts: number
  /** How long the server asked to wait, in milliseconds. */
  retryAfter: number | null
  /** The start of the answer's body as text. */
  body: string | null
  /** Whether the server may have done what it was asked although the call failed. */
  outcomeUnknown: boolean
  /** The row at fault, by its place in the source, counted from 1. */
  row: number | null
  /** The column of a table that is at fault. */
  column: string | null
  /** How far a job on records had come when it failed. */
  report: LoadReport | null
}

const NOTHING: Omit<ErrorFields, 'code' | 'detail'> = {
  hint: null,
  status: null,
  payload: null,
  param: null,
  line: null,
  col: null,
  operation: null,
  method: null,
  path: null,
  host: null,
  scope: null,
  requestId: null,
  attempts: 0,
  retryAfter: null,
  body: null,
  outcomeUnknown: false,
  row: null,
  column: null,
  report: null,
}

/** The base of every error this package throws. Its fields are described in {@link ErrorFields}. */
export class XanoError extends Error implements ErrorFields {
  declare readonly code: string
  declare readonly detail: string
  declare readonly hint: string | null
  declare readonly status: number | null
  declare readonly payload: unknown
  declare readonly param: string | null
  declare readonly line: number | null
  declare readonly col: number | null
  declare readonly operation: string | null
  declare readonly method: string | null
  declare readonly path: string | null
  declare readonly host: string | null
  declare readonly scope: string | null
  declare readonly requestId: string | null
  declare readonly attempts: number
  declare readonly retryAfter: number | null
  declare readonly body: string | null
  declare readonly outcomeUnknown: boolean
  declare readonly row: number | null
  declare readonly column: string | null
  declare readonly report: LoadReport | null

  /**
   * @param message - What happened, where, and what to do.
   * @param fields - What else is known.
   * @param cause - What led to it.
   */
  constructor(message: string, fields: Partial<ErrorFields> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    // Only what says something becomes a property of its own, so that a printed error stays short.
    const told = Object.entries(fields).filter(([name, value]) => value !== NOTHING[name as keyof typeof NOTHING])
    Object.assign(this, { code: codeOf(new.target), detail: message }, Object.fromEntries(told))
  }

  /** Everything as plain data, for logs; the token is never in it. */
  toJSON(): ErrorFields & { name: string; message: string } {
    const { name, message, code, detail } = this
    const fields = Object.keys(NOTHING).map((key) => [key, this[key as keyof typeof NOTHING]])
    return { name, message, code, detail, ...Object.fromEntries(fields) } as ReturnType<XanoError['toJSON']>
  }

  /** What `console.log` shows: the stack, and the fields that say something. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const told = Object.entries(this.toJSON()).filter(
      ([key, value]) => value !== null && value !== false && !['name', 'message', 'detail', 'hint'].includes(key),
    )
    const fields = inspect(Object.fromEntries(told), options)
    const cause = this.cause === undefined ? '' : `\n[cause]: ${inspect(this.cause, options)}`
    return `${this.stack ?? `${this.name}: ${this.message}`} ${fields}${cause}`
  }
}

/** An argument, option or credential cannot be used. Nothing was sent. */
export class ConfigError extends XanoError {}

/** No answer could be had. */
export class ConnectionError extends XanoError {}

/** Something took longer than allowed. */
export class TimeoutError extends ConnectionError {}

/** The call was given up: its signal was aborted (`cause` is the signal's reason) or its client was closed. */
export class Cancelled extends XanoError {}

/** An answer came but does not read as what it should be. */
export class DecodeError extends XanoError {}

/**
 * A job on records stopped: a row cannot be stored (`row` and `column` say which), or it cannot be known what became of
 * some rows (`outcomeUnknown`). `report` says how far it had come.
 */
export class RecordError extends XanoError {}

/** Something asked for a yes, a name or a clean state, and did not get it. What it would have changed is as it was. */
export class RefusedError extends XanoError {}

/** The server refused. Statuses without a class of their own come as this one. */
export class ApiError extends XanoError {
  declare readonly status: number
}

/** 400: the server does not accept the input; `param` names which. */
export class BadRequestError extends ApiError {}

/** 401: the token is missing, unknown, expired or revoked. */
export class AuthenticationError extends ApiError {}

/** 403: the token lacks the `scope`, or its owner's role does not allow it. */
export class PermissionError extends ApiError {}

/** 404: there is no such thing. */
export class NotFoundError extends ApiError {}

/** 409: it clashes with what is there. */
export class ConflictError extends ApiError {}

/** 429: too many requests; `retryAfter` tells the wait when the server did. */
export class RateLimitError extends ApiError {}

/** 500 and above: the server failed. */
export class ServerError extends ApiError {}

Object.assign(XanoError.prototype, NOTHING)

const CLASSES = {
  XanoError: [XanoError, 'internal_error'],
  ConfigError: [ConfigError, 'config_error'],
  ConnectionError: [ConnectionError, 'connection_error'],
  TimeoutError: [TimeoutError, 'timeout'],
  Cancelled: [Cancelled, 'cancelled'],
  DecodeError: [DecodeError, 'decode_error'],
  RecordError: [RecordError, 'record_error'],
  RefusedError: [RefusedError, 'refused'],
  ApiError: [ApiError, 'http_error'],
  BadRequestError: [BadRequestError, 'bad_request'],
  AuthenticationError: [AuthenticationError, 'unauthorized'],
  PermissionError: [PermissionError, 'forbidden'],
  NotFoundError: [NotFoundError, 'not_found'],
  ConflictError: [ConflictError, 'conflict'],
  RateLimitError: [RateLimitError, 'rate_limited'],
  ServerError: [ServerError, 'server_error'],
} as const

for (const [name, [class_]] of Object.entries(CLASSES)) {
  Object.defineProperty(class_.prototype, 'name', { value: name, configurable: true, writable: true })
}

function codeOf(class_: unknown): string {
  return Object.values(CLASSES).find(([known]) => known === class_)?.[1] ?? 'internal_error'
}

/** What the native side tells about a failure; its own spelling, durations in seconds. */
interface NativeError extends Omit<ErrorFields, 'detail' | 'requestId' | 'retryAfter' | 'outcomeUnknown'> {
  kind: string
  text: string
  message: string
  request_id: string | null
  retry_after: number | null
  outcome_unknown: boolean
}

/** Options that the core names in its own spelling, outside what it quotes. */
const OPTIONS =
  /"(?:[^"\\]|\\.)*"|\b(batch_bytes|batch_rows|keep_ids|max_failures|max_row_bytes|on_error|page_size|account_url|instance_url|allow_http|ca_file|rate_limit|max_retries|no_proxy|read_only|credentials_file|connect_timeout|read_timeout|per_minute)\b/g

function respell(words: string): string {
  return words.replace(OPTIONS, (found, name?: string) =>
    name === undefined ? found : name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  )
}

/** A report as the core gives it, in the words of this language. */
export function readReport(report: LoadReport): LoadReport {
  const failures = report.failures.map((failure) => ({ ...failure, reason: respell(failure.reason) }))
  return { ...report, failures }
}

/**
 * The error of the class that the native side named.
 *
 * @param json - Its description.
 * @param cause - What led to it, when the reason lies on this side.
 */
export function errorFromNative(json: string, cause?: unknown): XanoError {
  const { kind, text, message, request_id, retry_after, outcome_unknown, ...same } = JSON.parse(json) as NativeError
  const ours = kind === 'ConfigError' || kind === 'RecordError'
  const spelled = (words: string): string => (ours ? respell(words) : words)
  const class_ = kind in CLASSES ? CLASSES[kind as keyof typeof CLASSES][0] : XanoError
  const fields: ErrorFields = {
    ...same,
    detail: spelled(message),
    hint: same.hint === null ? null : spelled(same.hint),
    requestId: request_id,
    retryAfter: retry_after === null ? null : Math.round(retry_after * 1000),
    outcomeUnknown: outcome_unknown,
    report: same.report && readReport(same.report),
  }
  return new class_(spelled(text), fields, cause)
}
