/** Entry of the room: takes over the document that the server drew and the boot script started. */
import { createApp } from 'vue'
import './room.css'
import LiveRoomPage from './LiveRoomPage.vue'
import { styled } from './styled'

const yh = window.__yh

if (yh) {
  void styled().then(() => {
    yh.stats.appMs = performance.now()
    createApp(LiveRoomPage, { yh }).mount('#yh-app')
  })
}
