/** What a parcel needs. Pure; the server checks again. */
import type { Buyer } from '@sdk/shop'
import type { WordKey } from '../ui/words'

export type BuyerField = keyof Buyer

export function buyerProblems(buyer: Buyer): Partial<Record<BuyerField, WordKey>> {
  const problems: Partial<Record<BuyerField, WordKey>> = {}
  if (!buyer.name.trim()) problems.name = 'buy.name_missing'
  const digits = buyer.phone.replace(/\D/g, '').length
  if (digits < 5 || digits > 20 || !/^[+\-() 0-9]*$/.test(buyer.phone.trim())) problems.phone = 'buy.phone_wrong'
  if (buyer.address.trim().length < 4) problems.address = 'buy.address_missing'
  return problems
}
