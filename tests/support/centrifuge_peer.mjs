// The official JavaScript client against our server: prints one JSON line per event.
import { Centrifuge } from 'centrifuge'

const [url, room] = process.argv.slice(2)
const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }))
const client = new Centrifuge(url, { minReconnectDelay: 50, maxReconnectDelay: 200 })
const chat = client.newSubscription(`room:${room}:chat`, { recoverable: true })
const state = client.newSubscription(`room:${room}:state`)

client.on('connected', ({ data }) => tell('connected', { data }))
client.on('connecting', ({ code }) => tell('connecting', { code }))
client.on('disconnected', ({ code }) => tell('disconnected', { code }))
client.on('publication', ({ channel, data }) => tell('personal', { channel, data }))
chat.on('subscribed', (c) =>
  tell('subscribed', { recovered: c.recovered, was: c.wasRecovering, recoverable: c.recoverable }))
chat.on('publication', ({ data, offset }) => tell('line', { text: data.text, offset }))
chat.on('error', ({ error }) => tell('error', error))
state.on('publication', ({ data }) => tell('state', data))
chat.subscribe()
state.subscribe()
client.connect()

await chat.ready(5000)
await chat.publish({ text: 'from the browser client' })
const joined = await client.rpc('join', { room })
tell('joined', { keys: Object.keys(joined.data).sort() })
await client.rpc('like', { room, n: 2 })
tell('stats', await chat.presenceStats())
try {
  await chat.publish({ text: '' })
} catch (error) {
  tell('refused', error)
}
