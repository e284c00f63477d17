/**
 * What went wrong, in the studio's words, and where to show it: at a field, or as one line.
 *
 * A code with words of its own uses them; otherwise the server's sentence is shown as it came.
 */
import { reactive, ref } from 'vue'
import { YaoheError } from '@sdk/errors'
import { t } from './lang'
import { isWord } from './words'

const CODES: Record<string, string> = { timeout: 'offline', unreadable: 'unknown' }

export function problemText(problem: unknown): string {
  if (!(problem instanceof YaoheError)) throw problem
  const key = `error.${CODES[problem.code] ?? problem.code}`
  if (isWord(key)) return t(key, { status: problem.status, said: problem.message })
  return problem.status >= 500 ? t('error.unknown', { status: problem.status }) : problem.message
}

export function isSignedOut(problem: unknown): boolean {
  return problem instanceof YaoheError && problem.code === 'not_signed_in'
}

/** Errors of one form: `errors` by field, `line` for what belongs to no field. */
export function useProblems<Field extends string>(fields: readonly Field[]) {
  const errors = reactive({}) as Partial<Record<Field, string>>
  const line = ref('')
  const busy = ref(false)

  function clear(): void {
    line.value = ''
    for (const field of fields) delete errors[field]
  }

  /** Checks first, then works; answers whether it went through. */
  async function attempt(check: () => void, work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    clear()
    check()
    if (Object.keys(errors).length > 0) return false
    busy.value = true
    try {
      await work()
      return true
    } catch (problem) {
      if (isSignedOut(problem)) throw problem
      const text = problemText(problem)
      const field = problem instanceof YaoheError ? (problem.field as Field | null) : null
      if (field && fields.includes(field)) errors[field] = text as (typeof errors)[Field]
      else line.value = text
      return false
    } finally {
      busy.value = false
    }
  }

  return { errors, line, busy, clear, attempt }
}
