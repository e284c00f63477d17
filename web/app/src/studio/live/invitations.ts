/** What the studio knows of invitations to a private room. */

export interface Invitation {
  id: string
  /** The link to send. */
  url: string
  note: string
  uses_max: number | null
  used: number
  expires_at: string
  revoked_at: string | null
}

export type InvitationDraft = Pick<Invitation, 'note' | 'uses_max'> & { life_s: number }

const HOUR_S = 3600
export const DAY_S = 24 * HOUR_S
export const LIVES_S: readonly number[] = [HOUR_S, 6 * HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S]

/** Whether the link still lets somebody in. */
export function isOpen(one: Invitation, now: number): boolean {
  return one.revoked_at === null && Date.parse(one.expires_at) > now && (one.uses_max === null || one.used < one.uses_max)
}
