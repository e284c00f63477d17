/** Words of the messages between buyers and the shop. */
export const messages = {
  'messages.title': ['消息', 'Messages'],
  'messages.open': ['消息', 'Messages'],
  'messages.open_n': ['消息 {n}', 'Messages {n}'],
  'messages.unread': ['{n} 条新消息', '{n} new'],
  'messages.empty': ['还没有买家写来消息。', 'No buyer has written yet.'],
  'messages.none': ['这一单还没有消息。', 'Nothing written about this order yet.'],
  'messages.buyer': ['买家', 'Buyer'],
  'messages.shop': ['店家', 'Shop'],
  'messages.write': ['写给买家', 'Write to the buyer'],
  'messages.send': ['发送', 'Send'],
  'messages.back': ['全部消息', 'All messages'],
  'messages.canned': ['常用回答', 'Canned answers'],
  'messages.canned_edit': ['改常用回答', 'Edit canned answers'],
  'messages.canned_help': ['一行一条，最多 30 条。点一下就填进回复框', 'One a line, 30 at most. A tap puts it into the answer'],
  'error.thread_full': ['这一单的消息写满了', 'This conversation is full'],
} as const satisfies Record<string, readonly [string, string]>
