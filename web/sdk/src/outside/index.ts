/**
 * `@yaohe/sdk`: sharing for a live room on your own site. Nothing here touches the page while it is
 * imported, so a server may import it too; the element is defined by the first `createClient`.
 */
export { createClient, type Options, type Yaohe } from './client'
export type { OutsideRoom, Share, Visit, WaysToShare } from './room'
export { YaoheError, type Code } from '../errors'
