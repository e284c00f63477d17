/** What is said and what a shared screen plays, as one sound: a show has one track of it. */

export interface Captured {
  /** What goes out. */
  stream: MediaStream
  /** The microphone's own tracks, which may be muted while the screen plays on. */
  voice: MediaStreamTrack[]
  /** Lets go of every device behind it. */
  release: () => void
}

function stop(...streams: MediaStream[]): void {
  for (const stream of streams) for (const track of stream.getTracks()) track.stop()
}

/** A camera brings its sound along. */
export function fromCamera(stream: MediaStream): Captured {
  return { stream, voice: stream.getAudioTracks(), release: () => stop(stream) }
}

/** A screen with the microphone; browsers give the screen's own sound for some sources only. */
export function fromScreen(screen: MediaStream, microphone: MediaStream): Captured {
  const voice = microphone.getAudioTracks()
  if (screen.getAudioTracks().length === 0) {
    const stream = new MediaStream([...screen.getVideoTracks(), ...voice])
    return { stream, voice, release: () => stop(screen, microphone) }
  }
  const context = new AudioContext()
  const mix = context.createMediaStreamDestination()
  for (const heard of [screen, microphone]) context.createMediaStreamSource(heard).connect(mix)
  void context.resume()
  const stream = new MediaStream([...screen.getVideoTracks(), ...mix.stream.getAudioTracks()])
  return {
    stream,
    voice,
    release: () => {
      stop(screen, microphone, mix.stream)
      void context.close()
    },
  }
}
