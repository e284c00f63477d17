/** A show as a calendar entry (RFC 5545), for a reminder that needs no account. */

const stamp = (at: Date): string => at.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')
const plain = (text: string): string => text.replace(/([\\;,])/g, '\\$1').replace(/\r?\n/g, '\\n')

export function calendarText(title: string, startsIso: string, url: string, now: Date): string {
  const starts = new Date(startsIso)
  const ends = new Date(starts.getTime() + 3_600_000)
  return [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Yaohe//Room//EN', 'BEGIN:VEVENT',
    `UID:${stamp(starts)}-${encodeURIComponent(url).slice(-40)}`, `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(starts)}`, `DTEND:${stamp(ends)}`, `SUMMARY:${plain(title)}`, `URL:${url}`,
    'BEGIN:VALARM', 'ACTION:DISPLAY', `DESCRIPTION:${plain(title)}`, 'TRIGGER:-PT10M', 'END:VALARM',
    'END:VEVENT', 'END:VCALENDAR', '',
  ].join('\r\n')
}

export function calendarFile(title: string, startsIso: string, url: string): Blob {
  return new Blob([calendarText(title, startsIso, url, new Date())], { type: 'text/calendar' })
}
