/** Between the API's UTC moment and what a `datetime-local` input holds in the reader's zone. */

export function localInput(iso: string | null): string {
  if (!iso) return ''
  const at = new Date(iso)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`
}

export function utcOf(local: string): string | null {
  const at = local ? new Date(local) : null
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null
}
