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

app.config.errorHandler = caught
window.addEventListener('unhandledrejection', (event) => caught(event.reason))
app.use(router)
void router
  .isReady()
  .catch(() => undefined)
  .then(() => app.mount('#studio'))
