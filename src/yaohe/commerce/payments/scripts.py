"""The two scripts of the pages of `/pay`. Each page allows its own by its hash, and no other.

Both read what they need from the element `#pay`: `data-order`, `data-back`, for the call also
`data-call` (the parameters WeChat wants) and `data-failed` (what to say when it says no).
"""

from __future__ import annotations

from typing import Final

# Asks our own server, never the gateway, whether the order goes on; then back to the shop.
LOOK: Final = """
(() => {
  const {order, back} = document.getElementById('pay').dataset
  const look = async () => {
    try {
      const said = await fetch('/api/v1/orders/' + order)
      if (said.ok && (await said.json()).status !== 'created') return location.replace(back)
    } catch {}
    setTimeout(look, document.hidden ? 8000 : 2000)
  }
  setTimeout(look, 2000)
})()
"""

# Opens WeChat's cashier once by itself and then at every tap; what it answers is only a hint.
CALL: Final = """
(() => {
  const {dataset} = document.getElementById('pay')
  const button = document.getElementById('go'), said = document.getElementById('said')
  const done = (word) => {
    button.disabled = false
    if (word === 'get_brand_wcpay_request:ok') location.replace(dataset.back)
    else if (word !== 'get_brand_wcpay_request:cancel') said.textContent = dataset.failed
  }
  const call = () => {
    button.disabled = true
    said.textContent = ''
    const given = JSON.parse(dataset.call)
    window.WeixinJSBridge.invoke('getBrandWCPayRequest', given, (answer) => done(answer.err_msg))
  }
  const whenThere = () => {
    if (window.WeixinJSBridge) call()
    else document.addEventListener('WeixinJSBridgeReady', call, {once: true})
  }
  button.addEventListener('click', whenThere)
  whenThere()
})()
"""
