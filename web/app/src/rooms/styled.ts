/** Waits for the style sheets that the boot script added to the page. */

/** Taking over before the style is there would move what the server drew. */
export function styled(): Promise<unknown> {
  const sheets = [...document.querySelectorAll<HTMLLinkElement>('head link[rel="stylesheet"]')]
  return Promise.all(
    sheets
      .filter((link) => !link.sheet)
      .map((link) => new Promise((done) => ((link.onload = done), (link.onerror = done)))),
  )
}
