import { afterEach, expect, it, vi } from 'vitest'
import { forgetPerson, kept, keptInTab } from '../src/ui/kept'

/** A storage as browsers have it: what is kept are its own keys. */
class Drawer {
  [name: string]: unknown
  getItem(name: string): unknown {
    return Object.hasOwn(this, name) ? this[name] : null
  }
  setItem(name: string, value: string): void {
    this[name] = value
  }
  removeItem(name: string): void {
    delete this[name]
  }
}

afterEach(() => void vi.unstubAllGlobals())

it('forgets who was here, and not how they like to watch', () => {
  vi.stubGlobal('localStorage', new Drawer())
  vi.stubGlobal('sessionStorage', new Drawer())
  for (const name of ['yh.buyer', 'yh.ordered', 'yh.frame', 'yh-captions']) kept.set(name, '1')
  keptInTab.set('yh.order', 'ord_1')
  forgetPerson()
  expect(Object.keys(localStorage)).toEqual(['yh-captions'])
  expect(Object.keys(sessionStorage)).toEqual([])
})

it('forgets nothing, and breaks nothing, where storage is switched off', () => {
  vi.stubGlobal('localStorage', undefined)
  vi.stubGlobal('sessionStorage', undefined)
  expect(forgetPerson).not.toThrow()
})
