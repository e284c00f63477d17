/** How long a password must be, and what to say when it is shorter. */
import { PASSWORD_CHARS_MIN } from '@sdk/generated/limits'
import { t } from './lang'

export function passwordHelp(): string {
  return t('door.password_help', { n: PASSWORD_CHARS_MIN })
}

export function passwordProblem(password: string): string | null {
  const missing = PASSWORD_CHARS_MIN - [...password].length
  return missing > 0 ? t('field.password_short', { n: missing }) : null
}
