/** Starts the studio: styles, router, and the one place where an unexpected problem ends up. */
import { createApp } from 'vue'
import './kit'
import '../ui/tokens.css'
import '../ui/price.css'
import './styles/index.css'
import StudioApp from './StudioApp.vue'
import { problemText, isSignedOut } from './problems'
import { router, toDoor } from './router'
import { forgetSession } from './session'
import { tell } from './notices'

const app = createApp(StudioApp)

function caught(problem: unknown): void {
  if (isSignedOut(problem)) {
    forgetSession()
    toDoor()
  } else {
    tell(problemText(problem))
  }
}

/** After an update the old files are gone: load the page anew, but never in a circle. */
function renew(): void {
  const RENEWED = 'yh_studio_renewed'
  const last = Number(sessionStorage.getItem(RENEWED) ?? 0)
  if (Date.now() - last < 30_000) return
  sessionStorage.setItem(RENEWED, String(Date.now()))
  location.reload()
}

window.addEventListener('vite:preloadError', renew)
app.config.errorHandler = caught
window.addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  caught(event.reason)
})
app.use(router)
void router
  .isReady()
  .catch(() => undefined)
  .then(() => app.mount('#studio'))
