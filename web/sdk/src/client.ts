/**
 * The one place that talks HTTP. `createClient({ baseUrl, token })` is the root of the SDK; pages
 * ask it, never `fetch`. Every answer is JSON or a thrown `YaoheError`.
 */
import { errorFrom, YaoheError } from './errors'

export interface ClientOptions {
  /** Where the installation lives; empty for the page's own origin. */
  baseUrl?: string
  /** An API key, for pages on somebody else's site. Same-origin pages use their cookie. */
  token?: string
  /** Milliseconds before a call is given up. */
  timeoutMs?: number
  /** Further headers of every call, asked for each time. */
  headers?: () => Record<string, string>
  /** Asked when a call cannot be done for a browser that may not be remembered; after a yes the call
   * is sent once more. */
  onConsent?: () => Promise<boolean>
  /** Replaceable transport: the mini-program has its own, tests pass a double. */
  fetch?: typeof fetch
}

export interface CallOptions {
  idempotencyKey?: string
  /** The call must outlive the page (a tab being closed). */
  keepalive?: boolean
  signal?: AbortSignal
  /** Milliseconds before this call is given up, where it may take longer than others. */
  timeoutMs?: number
}

export interface Client {
  readonly baseUrl: string
  /** Whether calls carry headers of their own, without which they would be somebody else's. */
  readonly hasHeaders: boolean
  get<Answer>(path: string, options?: CallOptions): Promise<Answer>
  post<Answer>(path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  put<Answer>(path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  patch<Answer>(path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  delete<Answer>(path: string, options?: CallOptions): Promise<Answer>
  /** Something that is no JSON goes out, and the answer comes back as it is (WHIP speaks SDP). */
  exchange(method: string, path: string, body: string | Blob, type: string, options?: CallOptions): Promise<Response>
  /** Raw bytes of a path of ours, for files that are shared or saved. */
  blob(path: string, options?: CallOptions): Promise<Blob>
}

/** What a page in a frame sends where it has no cookie, to be the same visitor again. */
export function frameHeaders(token: string | null | undefined): Record<string, string> {
  return token ? { 'x-yaohe-frame': token } : {}
}

export function createClient(options: ClientOptions = {}): Client {
  const baseUrl = (options.baseUrl ?? '').replace(/\/$/, '')
  const timeoutMs = options.timeoutMs ?? 10_000
  const send = options.fetch ?? ((input, init) => fetch(input, init))

  async function ask(method: string, path: string, body: unknown, call: CallOptions, type = 'application/json', again = false): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers?.() }
    if (body !== undefined) headers['content-type'] = type
    if (options.token) headers['authorization'] = `Bearer ${options.token}`
    if (call.idempotencyKey) headers['idempotency-key'] = call.idempotencyKey
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), call.timeoutMs ?? timeoutMs)
    call.signal?.addEventListener('abort', () => abort.abort(), { once: true })
    let answer: Response
    try {
      answer = await send(/^https?:/.test(path) ? path : baseUrl + path, {
        method,
        headers,
        body: body === undefined ? undefined : type === 'application/json' ? JSON.stringify(body) : (body as string | Blob),
        credentials: baseUrl && options.token ? 'omit' : 'same-origin',
        keepalive: call.keepalive ?? false,
        signal: abort.signal,
      })
    } catch (cause) {
      if (call.signal?.aborted) throw cause
      throw abort.signal.aborted
        ? new YaoheError('timeout', 'The server did not answer in time.')
        : new YaoheError('offline', 'There is no connection to the server.')
    } finally {
      clearTimeout(timer)
    }
    if (!answer.ok) {
      const said: unknown = await answer.json().catch(() => null)
      const error = errorFrom(answer.status, said, answer.headers.get('retry-after'))
      if (error.code !== 'consent_needed' || again || !(await options.onConsent?.())) throw error
      return ask(method, path, body, call, type, true)
    }
    return answer
  }

  async function json<Answer>(method: string, path: string, body: unknown, call: CallOptions): Promise<Answer> {
    const answer = await ask(method, path, body, call)
    if (answer.status === 204) return undefined as Answer
    const text = await answer.text()
    try {
      return (text ? JSON.parse(text) : undefined) as Answer
    } catch {
      throw new YaoheError('unreadable', 'The answer was not understood.', answer.status)
    }
  }

  return {
    baseUrl,
    get hasHeaders() {
      return Object.keys(options.headers?.() ?? {}).length > 0
    },
    get: (path, call = {}) => json('GET', path, undefined, call),
    post: (path, body = {}, call = {}) => json('POST', path, body, call),
    put: (path, body = {}, call = {}) => json('PUT', path, body, call),
    patch: (path, body = {}, call = {}) => json('PATCH', path, body, call),
    delete: (path, call = {}) => json('DELETE', path, undefined, call),
    exchange: (method, path, body, type, call = {}) => ask(method, path, body, call, type),
    blob: async (path, call = {}) => (await ask('GET', path, undefined, call)).blob(),
  }
}
