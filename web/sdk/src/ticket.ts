/**
 * Keeps a private room's media addresses open: a ticket is good for minutes, and a new one is asked
 * for halfway. Whoever is no longer invited gets none and is told by the room itself.
 */
import type { Client } from './client'
import type { BootData } from './events'

type Ticketed = Pick<BootData, 'media' | 'ticket' | 'room'>

/** The address with this ticket in place of the one it had. */
export function withTicket(address: string, ticket: string): string {
  return address.replace(/([?&]ticket=)[^&]*/, `$1${ticket}`)
}

/** Renews what `data` holds until the page goes; nothing happens in a room open to everybody. */
export function keepTicket(client: Client, data: Ticketed): void {
  if (!data.ticket) return
  const renew = async (): Promise<void> => {
    const { ticket, life_s } = await client.post<{ ticket: string; life_s: number }>(`/api/v1/rooms/${data.room.id}/ticket`)
    if (!ticket) return
    data.ticket = { text: ticket, life_s }
    const { media } = data
    if (media) for (const way of ['stream', 'ws', 'hls'] as const) media[way] = withTicket(media[way], ticket)
  }
  setInterval(() => void renew().catch(() => undefined), (data.ticket.life_s * 1000) / 2)
}
