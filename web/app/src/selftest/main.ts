/**
 * `/selftest`: what this browser can do, tried; a live room watched; a report to copy. A classic
 * script for old browsers inside apps: no module, no framework, nothing that must be there.
 */
import { liveRoom, watch, type Watched } from './live'
import { known, roundTrip, tried, verdict, type Probe } from './probe'
import { words, type Word } from './words'

const say = words(document.documentElement.lang)
const part = (id: string): HTMLElement => document.getElementById(id)!
const report: string[] = []

/** One line on screen; the same name again changes it. */
function show(list: string, name: string, label: string, value: string, mood = ''): void {
  let row = part(list).querySelector<HTMLElement>(`[data-name="${name}"]`)
  if (!row) {
    row = document.createElement('div')
    row.setAttribute('data-name', name)
    row.appendChild(document.createElement('dt')).textContent = label
    row.appendChild(document.createElement('dd'))
    part(list).appendChild(row)
  }
  row.setAttribute('data-mood', mood)
  row.querySelector('dd')!.textContent = value
}

function showProbe(probe: Probe): Probe {
  show('can', probe.name, say(probe.name), say(probe.answer), probe.answer)
  return probe
}

function note(name: string, value: unknown): void {
  report.push(`${name}: ${String(value)}`)
  part('report').textContent = report.join('\n')
}

function figure(name: Word & string, text: string): void {
  show('live', name, say(name), text)
}

const seconds = (ms: number): string => say('seconds', (ms / 1000).toFixed(2))

function showWatched(watched: Watched): void {
  for (const key of Object.keys(watched) as (keyof Watched)[]) note(`live.${key}`, watched[key])
  figure('way', watched.route || say('unknown'))
  if (watched.outcome === 'refused') showProbe({ name: 'autoplay', answer: 'no', detail: '' })
  if (watched.outcome !== 'shown') {
    figure('first_frame', say(watched.outcome === 'refused' ? 'tap' : 'no_picture'))
    return
  }
  figure('first_frame', seconds(watched.firstFrameMs))
  figure('opened', seconds(watched.openedMs))
  figure('behind', seconds(watched.behindMs))
  figure('stalls', say('times', watched.stalls))
}

function watchLive(): Promise<void> {
  if (!('fetch' in window)) return Promise.resolve()
  return liveRoom().then((room) => {
    if (!room) {
      part('live-word').textContent = say('no_room')
      return undefined
    }
    figure('room', room)
    figure('first_frame', say('wait'))
    return watch(room, part('frame') as HTMLIFrameElement).then(showWatched)
  })
}

function copy(): void {
  const said = (key: Word): void => void (part('copy').textContent = say(key))
  const byHand = (): void => {
    const range = document.createRange()
    range.selectNodeContents(part('report'))
    const selection = getSelection()
    selection?.removeAllRanges()
    selection?.addRange(range)
    said(document.execCommand('copy') ? 'copied' : 'copy_by_hand')
  }
  if (navigator.clipboard) navigator.clipboard.writeText(report.join('\n')).then(() => said('copied'), byHand)
  else byHand()
}

function about(): void {
  note('yaohe', document.documentElement.getAttribute('data-version'))
  note('at', new Date().toISOString())
  note('browser', navigator.userAgent)
  note('screen', `${innerWidth}x${innerHeight} @${devicePixelRatio}`)
  note('secure', isSecureContext)
}

function start(): void {
  part('verdict').textContent = say('wait')
  about()
  part('copy').textContent = say('copy')
  part('copy').onclick = copy
  const probes = known().map(showProbe)
  const later = tried().map((probe) => probe.then(showProbe))
  show('can', 'round_trip', say('round_trip'), say('wait'))
  Promise.all(later)
    .then((more) => {
      const all = probes.concat(more)
      for (const probe of all) note(probe.name, probe.answer + (probe.detail && ` (${probe.detail})`))
      const word = verdict(all)
      note('verdict', word)
      part('verdict').textContent = say(word)
      part('verdict').setAttribute('data-mood', word)
      return roundTrip()
    })
    .then((ms) => {
      show('can', 'round_trip', say('round_trip'), ms === null ? say('unknown') : say('ms', Math.round(ms)))
      note('round_trip_ms', ms === null ? 'unknown' : Math.round(ms))
      return watchLive()
    })
    .then(() => document.body.setAttribute('data-done', '1'))
}

start()
