/** Keys by which something that is told twice is done once. On plain http, which is no secure
 * context, a browser has no `randomUUID`. */
export function newKey(): string {
  if (crypto.randomUUID) return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
