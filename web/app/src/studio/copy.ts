/** Copies a text and says so; where the clipboard is shut (no HTTPS), says what to do instead. */
import { copyText } from '../ui/clipboard'
import { t } from './lang'
import { tell } from './notices'

export async function copy(text: string): Promise<boolean> {
  const done = await copyText(text)
  tell(t(done ? 'common.copied' : 'common.copy_by_hand'))
  return done
}
