/** Wire shapes of messages, and the list of conversations every part of the page shares. */
import { shallowRef } from 'vue'
import type { Message, Thread } from '@sdk/messages'
import { api } from '../api'

export type { Message, Thread }

export interface ThreadLine {
  order_id: string
  buyer_name: string
  buyer_name_en: string
  title: string
  title_en: string
  side: 'buyer' | 'shop'
  text: string
  last_at: string
  unread: number
}

export const threads = shallowRef<ThreadLine[]>([])

export async function loadThreads(): Promise<void> {
  threads.value = await api.threads()
}

export const unreadOf = (orderId: string): number => threads.value.find((one) => one.order_id === orderId)?.unread ?? 0
export const unreadAll = (): number => threads.value.reduce((sum, one) => sum + one.unread, 0)
