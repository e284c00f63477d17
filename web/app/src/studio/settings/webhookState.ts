/** What is said of endpoints and events in the studio's words. */
import { t } from '../lang'
import { isWord, type WordKey } from '../words'
import type { Endpoint } from './webhooks'

/** An event in words; one that this page does not know yet stays its name. */
export function eventWord(event: string): string {
  const key = `webhooks.event.${event}`
  return isWord(key) ? t(key) : event
}

/** How an endpoint does, in one word of the list. */
export function stateWord(endpoint: Endpoint): WordKey {
  if (endpoint.paused_why === 'gone') return 'webhooks.state_gone'
  if (endpoint.paused_why === 'failing') return 'webhooks.state_failing_paused'
  if (endpoint.paused_why === 'staff') return 'webhooks.state_staff'
  return endpoint.failing_since ? 'webhooks.state_failing' : 'webhooks.state_ok'
}
