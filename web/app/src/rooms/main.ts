/** Entry of the room: takes over the document that the server drew and the boot script started. */
import { createApp } from 'vue'
import './room.css'
import LiveRoomPage from './LiveRoomPage.vue'

const yh = window.__yh

/** Taking over before the style is there would move what the server drew. */
function styled(): Promise<unknown> {
  const sheets = [...document.querySelectorAll<HTMLLinkElement>('head link[rel="stylesheet"]')]
  return Promise.all(
    sheets
      .filter((link) => !link.sheet)
      .map((link) => new Promise((done) => ((link.onload = done), (link.onerror = done)))),
  )
}

if (yh) {
  void styled().then(() => {
    yh.stats.appMs = performance.now()
    createApp(LiveRoomPage, { yh }).mount('#yh-app')
  })
}
