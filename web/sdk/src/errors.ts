import type { ErrorCode } from './generated/codes'

/** The server's codes are known; a newer server may answer one more. */
export type Code = ErrorCode | 'offline' | 'timeout' | 'unreadable' | (string & {})

/**
 * What can go wrong between a page and the server, as one class with a stable `code`.
 * Codes of the server pass through unchanged; `offline`, `timeout` and `unreadable` are ours.
 */
export class YaoheError extends Error {
  readonly code: Code
  readonly status: number
  /** Seconds after which asking again makes sense, when the server said so. */
  readonly retryAfterS: number | null
  /** The input that was not accepted, when the server named one. */
  readonly field: string | null

  constructor(
    code: Code,
    message: string,
    status = 0,
    retryAfterS: number | null = null,
    field: string | null = null,
  ) {
    super(message)
    this.name = 'YaoheError'
    this.code = code
    this.status = status
    this.retryAfterS = retryAfterS
    this.field = field
  }
}

interface ErrorBody {
  error?: { code?: string; message?: string; field?: string; retry_after_s?: number }
}

/** Reads an error answer; a body that is not ours still becomes a usable error. */
export function errorFrom(status: number, body: unknown, retryAfter: string | null): YaoheError {
  const error = (body as ErrorBody | null)?.error
  const header = retryAfter ? Number(retryAfter) : NaN
  const after = error?.retry_after_s ?? (Number.isFinite(header) ? header : null)
  const message = error?.message ?? `HTTP ${status}`
  return new YaoheError(error?.code ?? 'unreadable', message, status, after, error?.field ?? null)
}
