/** The last word of a page that is being left: what leaves now must not need the page any more. */
import type { Client } from './client'

export function farewell(client: Client, path: string, body: unknown): void {
  const text = JSON.stringify(body)
  // A beacon takes no headers of ours.
  const sent = !client.hasHeaders && navigator.sendBeacon?.(client.baseUrl + path, new Blob([text], { type: 'application/json' }))
  if (!sent) client.post(path, body, { keepalive: true }).catch(() => undefined)
}
