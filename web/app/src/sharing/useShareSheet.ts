/**
 * The state of the open share sheet: the prepared share, where it can go, what is said with it. All
 * that a tap needs is there before the tap, because waiting for it would lose the gesture.
 */
import { computed, ref, shallowRef, watch } from 'vue'
import { composeUrl, fit, type ShareChannel } from '@sdk/channels'
import { pictureUrl, shareText, type Share } from '@sdk/share'
import { useLiveRoom } from '../rooms/useLiveRoom'
import { copyText } from '../ui/clipboard'
import { choicesFor, type ChannelChoice, type Tab } from './channels'
import { device, lastUsed, rememberUsed, saveFile, systemShare } from './device'
import { embedCode } from './embed'
import { useClipStrip } from './useClipStrip'
import { useShareClip } from './useShareClip'
import { useSharePicture, type SharePicture } from './useSharePicture'
import { useShareTold } from './useShareTold'

type SavedWord = 'share.saved' | 'share.saved_for' | 'share.saved_post' | 'share.clip_saved' | 'share.clip_saved_post'

export function useShareSheet() {
  const { boot, room, say, lang, notices, sheets } = useLiveRoom()
  const tab = ref<Tab>('moment')
  const card = shallowRef<Share | null>(null)
  const clip = useShareClip(room.shares, (address) => letGo(address))
  const strip = useClipStrip(room)
  const share = computed(() => (tab.value === 'clip' ? clip.state.share : card.value))
  const channels = shallowRef<ShareChannel[]>([])
  const chosenId = ref('')
  const unready = ref(false)
  const held = shallowRef<SharePicture | null>(null)
  const hinting = ref(false)
  const said = ref('')
  /** Words the person typed instead of ours. */
  const typed = ref<string | null>(null)

  /** Read when the sheet opens: nothing changes its place under the finger. */
  const last = ref(lastUsed())
  const choices = computed(() => choicesFor(tab.value, channels.value, { ...device, last: last.value }))
  const chosen = computed<ChannelChoice | null>(
    () => choices.value.find(({ id }) => id === chosenId.value) ?? choices.value[0] ?? null,
  )
  const { state: preview, retry, letGo } = useSharePicture(room.client, share, chosen)
  const words = computed({
    get: () => typed.value ?? share.value?.text ?? '',
    set: (text: string) => (typed.value = text),
  })
  const told = useShareTold(room, share)
  const waits = computed(
    () => !unready.value && (!share.value || !chosen.value || (chosen.value.isFile && !preview.picture)),
  )
  watch([tab, chosenId], () => (said.value = ''))
  watch(tab, (now) => now === 'clip' && void Promise.all([strip.load(), clip.make()]))
  watch(sheets.shown, (shown) => {
    if (!shown) return
    last.value = lastUsed()
    chosenId.value = said.value = ''
    clip.forget()
    if (tab.value === 'clip') void strip.load()
    void load()
  })

  async function load(): Promise<void> {
    unready.value = false
    try {
      const cutting = tab.value === 'clip' ? clip.make() : undefined
      ;[card.value, channels.value] = await Promise.all([room.shares.prepare(), room.shares.channels(lang), cutting])
    } catch {
      unready.value = card.value === null || !channels.value.length
    }
  }

  /** What leaves: our words or theirs, cut to what the channel takes. */
  function outgoing(ready: Share, choice: ChannelChoice): Share {
    return { ...ready, text: choice.hasWords ? fit(words.value, choice.channel) : ready.text }
  }

  /** Everything before the first await happens inside the tap. */
  async function send(): Promise<void> {
    const ready = share.value
    const choice = chosen.value
    if (!ready || !choice) return void load()
    const picture = preview.picture
    const handing = hand(choice, outgoing(ready, choice), picture)
    room.shares.use(ready, choice.id)
    rememberUsed(choice.id)
    // Closed without choosing: the same share is still there to be sent.
    if ((await handing) === 'cancelled') return
    clip.spend(ready)
    // The next one is another share: ask for it while this one travels.
    if (!hinting.value && !held.value) void load()
  }

  async function hand(choice: ChannelChoice, out: Share, picture: SharePicture | null): Promise<string> {
    const { way, channel } = choice
    if (way === 'hint') hint(out)
    else if (way === 'copy') await copied(out.url, 'share.copied')
    else if (way === 'embed') await copied(embedCode(location.origin, room.id, out.token, boot.room.title), 'share.embed_copied')
    else if (way === 'save' && picture) save(picture, tab.value === 'clip' ? 'share.clip_saved' : channel.app_url ? 'share.saved_for' : 'share.saved', channel)
    else if (way === 'paste') await copied(shareText(out), 'share.paste_in', channel)
    else if (way === 'post' && picture) await post(out, picture, channel)
    else if (way === 'open' || way === 'app') await open(way, out, channel)
    else if (way === 'system') return system(out, choice.isFile && picture ? picture.file : null)
    return 'handed'
  }

  /** The menu of an app sends the address of the page: let it be this person's own share. */
  function hint(out: Share): void {
    history.replaceState(history.state, '', new URL(out.url).pathname)
    hinting.value = true
  }

  async function copied(text: string, word: 'share.copied' | 'share.embed_copied' | 'share.paste_in' | 'share.app_copied', channel?: ShareChannel): Promise<void> {
    said.value = (await copyText(text)) ? say(word, { name: channel?.name ?? '' }) : say('share.copy_by_hand')
  }

  async function open(way: 'open' | 'app', out: Share, channel: ShareChannel): Promise<void> {
    const url = composeUrl(channel, { ...out, picture: new URL(pictureUrl(out, channel.picture), out.url).href })
    if (!url) return
    if (way === 'open') {
      window.open(url, '_blank', 'noopener')
      notices.show({ kind: 'done', title: say('share.ready') })
      return
    }
    // Without the app nothing happens: then the link is at least at hand.
    const copying = copied(out.url, 'share.app_copied', channel)
    location.href = url
    await copying
  }

  async function post(out: Share, picture: SharePicture, channel: ShareChannel): Promise<void> {
    const copying = out.text ? copyText(out.text) : null
    save(picture, tab.value === 'clip' ? 'share.clip_saved_post' : 'share.saved_post', channel)
    await copying
  }

  async function system(out: Share, file: File | null): Promise<string> {
    const handed = await systemShare(out, file)
    if (handed === 'refused') await copied(shareText(out), 'share.copied')
    else if (handed === 'handed') notices.show({ kind: 'done', title: say('share.ready') })
    return handed
  }

  function save(picture: SharePicture, word: SavedWord, channel: ShareChannel): void {
    const isHeld = device.savesByHolding && tab.value !== 'clip'
    if (isHeld) held.value = picture
    else saveFile(picture.file)
    if (!isHeld || word === 'share.saved_post') said.value = say(word, { name: channel.name })
  }

  function back(): void {
    hinting.value = false
    held.value = null
    void load()
  }

  return {
    tab, share, clip, strip, choices, chosen, chosenId, unready, held, hinting, said, words, told, preview, retry, waits, load, send, back,
  }
}

export type ShareSheetState = ReturnType<typeof useShareSheet>
