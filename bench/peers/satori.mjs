// The same card by satori and resvg: for each line of JSON one card, answered with its milliseconds.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import satori from 'satori'
import { Resvg } from '@resvg/resvg-js'

const font = readFileSync(process.argv[2])
const text = (size, color, children) => ({ type: 'div', props: { style: { fontSize: size, color, marginTop: 18 }, children } })

async function card({ sharer, picture }) {
  const source = `data:image/jpeg;base64,${readFileSync(picture).toString('base64')}`
  const tree = {
    type: 'div',
    props: {
      style: { width: 1200, height: 630, display: 'flex', background: '#14110F', fontFamily: 'Noto' },
      children: [
        { type: 'img', props: { src: source, width: 480, height: 630, style: { objectFit: 'cover' } } },
        {
          type: 'div',
          props: {
            style: { display: 'flex', flexDirection: 'column', padding: 48, width: 720 },
            children: [
              text(30, '#FFC940', '直播中'),
              text(60, '#FFFDF9', '春茶开采，现炒现卖'),
              text(32, '#CFC6BC', '小林 · 林记茶'),
              text(72, '#FF5A36', '¥128'),
              text(32, '#FFC940', '¥20 新客券'),
              text(30, '#CFC6BC', `${sharer} 邀请你一起看`),
            ],
          },
        },
      ],
    },
  }
  const svg = await satori(tree, { width: 1200, height: 630, fonts: [{ name: 'Noto', data: font, weight: 700, style: 'normal' }] })
  return new Resvg(svg).render().asPng()
}

console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const began = performance.now()
  const png = await card(JSON.parse(line))
  console.log(JSON.stringify({ ms: performance.now() - began, bytes: png.length }))
}
