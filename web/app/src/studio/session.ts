/** Who is signed in and which shop this is; loaded once, before the first inner page. */
import { computed, ref, shallowRef } from 'vue'
import { api } from './api'
import { pick } from './lang'
import { isSignedOut } from './problems'
import type { Shop, Staff } from './types'

export const staff = shallowRef<Staff | null>(null)
export const shop = shallowRef<Shop | null>(null)
export const currency = computed(() => shop.value?.currency ?? 'CNY')
export const shopName = computed(() => pick(shop.value?.name, shop.value?.name_en))

/** Why the studio could not begin, in words; empty when it could. */
export const unreachable = ref('')

/** Said once on the log-in page, after a session ran out in the middle of work. */
export const expired = ref(false)

export async function loadSession(): Promise<boolean> {
  if (staff.value) return true
  try {
    const me = await api.me()
    staff.value = me.staff
    shop.value = me.shop
    return true
  } catch (problem) {
    if (isSignedOut(problem)) return false
    throw problem
  }
}

export function forgetSession(): void {
  staff.value = null
}
