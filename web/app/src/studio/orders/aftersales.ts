/** Wire shapes of after-sale requests, and the open ones every part of the page shares. */
import { ref, shallowRef } from 'vue'
import type { Aftersale } from '@sdk/aftersales'
import { api } from '../api'

export type { Aftersale }

export interface ShopAftersale extends Aftersale {
  title: string
  title_en: string
  buyer_name: string
  buyer_name_en: string
}

export interface AftersalePage {
  items: ShopAftersale[]
  next: string | null
  open: number
}

export interface AftersaleRule {
  days: number
}

export const openRequests = shallowRef<ShopAftersale[]>([])
export const openCount = ref(0)

export async function loadOpen(): Promise<void> {
  const page = await api.aftersales({ status: 'open' })
  openRequests.value = page.items
  openCount.value = page.open
}

export const requestOf = (orderId: string): ShopAftersale | undefined => openRequests.value.find((one) => one.order_id === orderId)
