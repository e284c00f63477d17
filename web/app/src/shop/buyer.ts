/** What a parcel needs, or somebody who comes for it. Pure; the server checks again. */
import type { Buyer, Order } from '@sdk/shop'
import type { WordKey } from '../ui/words'

export type BuyerField = keyof Buyer

/** Which of the fields a buyer fills in for goods of this kind. */
export function fieldsFor(delivery: Order['delivery']): BuyerField[] {
  if (delivery === 'digital') return []
  return delivery === 'pickup' ? ['name', 'phone'] : ['name', 'phone', 'address']
}

export function buyerProblems(buyer: Buyer, delivery: Order['delivery']): Partial<Record<BuyerField, WordKey>> {
  const problems: Partial<Record<BuyerField, WordKey>> = {}
  if (!buyer.name.trim()) problems.name = 'buy.name_missing'
  const digits = buyer.phone.replace(/\D/g, '').length
  if (digits < 5 || digits > 20 || !/^[+\-() 0-9]*$/.test(buyer.phone.trim())) problems.phone = 'buy.phone_wrong'
  if (buyer.address.trim().length < 4) problems.address = 'buy.address_missing'
  const asked = fieldsFor(delivery)
  return Object.fromEntries(Object.entries(problems).filter(([field]) => asked.includes(field as BuyerField)))
}
