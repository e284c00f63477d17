/** Which picture a viewer chose by hand; who wanted none hears the next show like that, too. */
import { SOUND, type Ladder } from '@sdk/ladder'
import { kept } from '../ui/kept'

const KEPT = 'yh-sound-only'

export function useSoundOnly(ladder: Ladder, live: { soundOnly: boolean }) {
  function choose(rung: string | null): void {
    kept.set(KEPT, rung === SOUND ? '1' : '')
    ladder.choose(rung)
  }

  ladder.changed.on(() => (live.soundOnly = ladder.soundOnly))
  if (kept.get(KEPT) === '1') {
    void ladder.ask().then(() => {
      if (ladder.sound && ladder.chosen === null) ladder.choose(SOUND)
    })
  }
  return { choose }
}
