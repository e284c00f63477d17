/** The studio's addresses. Everything but the two doors asks for a session first. */
import { createRouter, createWebHistory } from 'vue-router'
import LoginPage from './doors/LoginPage.vue'
import { problemText } from './problems'
import { expired, loadSession, staff, unreachable } from './session'
import { ABOVE_PX } from './useAnchor'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reachable without a session; drawn without the shell. */
    door?: boolean
    /** The rail folds to give the page its width. */
    wide?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory('/studio'),
  routes: [
    { path: '/', redirect: '/live' },
    { path: '/login', name: 'login', component: LoginPage, meta: { door: true } },
    { path: '/setup', name: 'setup', component: () => import('./doors/SetupPage.vue'), meta: { door: true } },
    { path: '/live', name: 'live', component: () => import('./live/RoomsPage.vue') },
    { path: '/live/:room', name: 'desk', component: () => import('./live/LiveDeskPage.vue'), meta: { wide: true } },
    { path: '/live/:room/camera', name: 'camera', component: () => import('./camera/GoLivePage.vue'), meta: { wide: true } },
    { path: '/live/:room/moderation', name: 'moderation', component: () => import('./moderation/ModerationPage.vue') },
    { path: '/products', name: 'products', component: () => import('./shop/ProductsPage.vue') },
    { path: '/plays', name: 'plays', component: () => import('./plays/PlaysPage.vue') },
    { path: '/links', name: 'links', component: () => import('./links/LinksPage.vue') },
    { path: '/orders', name: 'orders', component: () => import('./orders/OrdersPage.vue') },
    { path: '/orders/bills', name: 'bills', component: () => import('./orders/BillsPage.vue') },
    { path: '/reports/:room?', name: 'reports', component: () => import('./reports/ReportPage.vue') },
    { path: '/settings', name: 'settings', component: () => import('./settings/SettingsPage.vue') },
    { path: '/:rest(.*)*', name: 'lost', component: () => import('./shell/LostPage.vue') },
  ],
  scrollBehavior: (to, _from, saved) => saved ?? (to.hash ? { el: to.hash, top: ABOVE_PX } : { top: 0 }),
})

router.beforeEach(async (to) => {
  if (to.meta.door) return true
  try {
    unreachable.value = ''
    if (await loadSession()) return true
  } catch (problem) {
    unreachable.value = problemText(problem)
    return staff.value !== null
  }
  return { name: 'login', query: to.fullPath === '/live' ? {} : { next: to.fullPath } }
})

/** A session ran out in the middle of work: say so at the door and come back afterwards. */
export function toDoor(): void {
  if (router.currentRoute.value.meta.door) return
  expired.value = true
  void router.replace({ name: 'login', query: { next: router.currentRoute.value.fullPath } })
}
