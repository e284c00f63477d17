// A room on socket.io, WebSocket only: what one says, everybody gets.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
let offset = 0
io.on('connection', (socket) => {
  socket.on('say', (text) => {
    const line = { id: `m_${offset}`, name: '爱喝茶的小鹿', text, kind: 'chat', at: new Date().toISOString(), v: 'v_06exs4b1v0q7x2m3n4p5' }
    io.emit('push', { channel: 'room:tea:chat', pub: { data: line, offset: ++offset } })
  })
})
http.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: http.address().port })))
