/** How an endpoint does, in one word of the list. */
import type { WordKey } from '../words'
import type { Endpoint } from './webhooks'

export function stateWord(endpoint: Endpoint): WordKey {
  if (endpoint.paused_why === 'gone') return 'webhooks.state_gone'
  if (endpoint.paused_why === 'failing') return 'webhooks.state_failing_paused'
  if (endpoint.paused_why === 'staff') return 'webhooks.state_staff'
  return endpoint.failing_since ? 'webhooks.state_failing' : 'webhooks.state_ok'
}
