/** How long a password must be, and what to say when it is shorter. */
import { t } from './lang'

const PASSWORD_MIN = 10

export function passwordProblem(password: string): string | null {
  const missing = PASSWORD_MIN - [...password].length
  return missing > 0 ? t('field.password_short', { n: missing }) : null
}
