/** Runs in the audio thread: hands on what it hears, twenty milliseconds at a time. */
declare const sampleRate: number
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare function registerProcessor(name: string, kind: new () => AudioWorkletProcessor): void

class Pcm extends AudioWorkletProcessor {
  private readonly size = Math.round(sampleRate / 50)
  private kept = new Float32Array(this.size)
  private filled = 0

  process(inputs: Float32Array[][]): boolean {
    const heard = inputs[0]?.[0]
    const count = heard?.length ?? 128
    for (let at = 0; at < count; at++) {
      this.kept[this.filled++] = heard?.[at] ?? 0
      if (this.filled < this.size) continue
      this.port.postMessage(this.kept, [this.kept.buffer])
      this.kept = new Float32Array(this.size)
      this.filled = 0
    }
    return true
  }
}

registerProcessor('yaohe-pcm', Pcm)

export {}
