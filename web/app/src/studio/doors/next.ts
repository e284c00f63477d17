/** Where to go after logging in: only ever back into the studio. */
import type { RouteLocationNormalized } from 'vue-router'

export function nextOf(route: RouteLocationNormalized): string {
  const next = route.query.next
  return typeof next === 'string' && next.startsWith('/') && !next.startsWith('//') ? next : '/live'
}
