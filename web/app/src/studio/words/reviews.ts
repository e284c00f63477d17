/** Words of reviews. */
export const reviews = {
  'reviews.title': ['评价', 'Reviews'],
  'reviews.empty': ['还没有评价。买家收货后可以评。', 'No reviews yet. Buyers can write one once it has arrived.'],
  'reviews.stars': ['{n} 星', '{n} stars'],
  'reviews.answer': ['店家回复，所有人看得到', "The shop's answer, for everybody to read"],
  'reviews.keep': ['回复', 'Answer'],
  'reviews.hide': ['收起文字', 'Hide the words'],
  'reviews.hide_help': ['为什么？原因和条数会公开，星数照算。', 'Why? The reason and the number are shown to everybody, and the stars count on.'],
  'reviews.show': ['重新显示', 'Show again'],
  'reviews.hidden': ['已收起：{why}', 'Hidden: {why}'],
  'reviews.for_abuse': ['辱骂', 'Abuse'],
  'reviews.for_privacy': ['含个人信息', 'Personal data'],
  'reviews.for_spam': ['广告', 'Adverts'],
  'reviews.for_illegal': ['违法内容', 'Something illegal'],
} as const satisfies Record<string, readonly [string, string]>
