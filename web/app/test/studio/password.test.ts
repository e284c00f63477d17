import { expect, it, vi } from 'vitest'
import { PASSWORD_CHARS_MIN } from '@sdk/generated/limits'
import { passwordHelp, passwordProblem } from '@app/studio/password'
import { say, type Vars, type WordKey } from '@app/studio/words'

vi.mock('@app/studio/lang', () => ({ t: (key: WordKey, vars?: Vars) => say('en', key, vars) }))

it('wants a password as long as the server does, counted as people count', () => {
  expect(passwordHelp()).toBe(`At least ${PASSWORD_CHARS_MIN} characters. A sentence is fine`)
  expect(passwordProblem('茶'.repeat(PASSWORD_CHARS_MIN))).toBeNull()
  expect(passwordProblem('🍵'.repeat(PASSWORD_CHARS_MIN - 1))).toBe('1 more character')
})
