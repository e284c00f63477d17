// A room on `ws`: what one says, everybody gets, as the line our hub would send.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
let offset = 0
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const line = { id: `m_${offset}`, name: '爱喝茶的小鹿', text: data.toString(), kind: 'chat', at: new Date().toISOString(), v: 'v_06exs4b1v0q7x2m3n4p5' }
    const push = JSON.stringify({ push: { channel: 'room:tea:chat', pub: { data: line, offset: ++offset } } })
    for (const client of server.clients) client.send(push)
  })
})
server.on('listening', () => console.log(JSON.stringify({ port: server.address().port })))
