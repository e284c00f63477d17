/** The sheet as a script of its own: it says where it is, the element does the rest. */
import { open } from './sheet'

globalThis.__yaoheSheet = { open }
