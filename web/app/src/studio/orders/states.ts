/** The word for where an order stands: what is paid waits for the post, or for its buyer. */
import { t, told } from '../lang'
import type { ShopOrder } from '../types'

export function stateWord({ status, delivery }: ShopOrder): string {
  return status === 'paid' && delivery === 'pickup' ? t('orders.to_pick_up') : told('orders', `s_${status}`, status)
}
