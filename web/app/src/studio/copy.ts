/** Copies a text and says so; where the clipboard is shut (no HTTPS), says what to do instead. */
import { t } from './lang'
import { tell } from './notices'

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    if (!copyBySelection(text)) {
      tell(t('common.copy_by_hand'))
      return false
    }
  }
  tell(t('common.copied'))
  return true
}

/** Plain HTTP pages have no `navigator.clipboard`; selecting in a hidden field still works. */
function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'y-sr'
  document.body.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  return done
}
