import { describe, expect, it } from 'vitest'
import { verdict, type Answer, type Probe } from '../src/selftest/probe'
import { words } from '../src/selftest/words'

const probes = (can: string): Pick<Probe, 'name' | 'answer'>[] =>
  can.split(' ').map((name) => ({ name: name as Probe['name'], answer: 'yes' as Answer }))

describe('self-test', () => {
  it('says whether live shows play here, and how soon', () => {
    expect(verdict(probes('mse h264 stream'))).toBe('good')
    expect(verdict(probes('mse h264 socket'))).toBe('good')
    expect(verdict(probes('mse h264'))).toBe('slow')
    expect(verdict(probes('native_hls'))).toBe('slow')
    expect(verdict(probes('mse stream socket hevc'))).toBe('bad')
    expect(verdict([{ name: 'mse', answer: 'no' }])).toBe('bad')
  })

  it('speaks both languages', () => {
    expect(words('zh-CN')('yes')).toBe('行')
    expect(words('en')('ms', 12)).toBe('12 ms')
    expect(words('fr')('no')).toBe('No')
  })
})
