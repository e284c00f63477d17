/** Entry of the room: takes over the document that the server drew and the boot script started. */
import { createApp } from 'vue'
import './room.css'
import LiveRoomPage from './LiveRoomPage.vue'

const yh = window.__yh
if (yh) {
  yh.stats.appMs = performance.now()
  createApp(LiveRoomPage, { yh }).mount('#yh-app')
}
