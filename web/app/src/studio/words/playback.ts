/** Words of how it plays at the viewers'. */
export const playback = {
  'playback.title': ['观众那边', 'At the viewers'],
  'playback.told_by': ['近 {m} 分钟，{n} 次打开', 'Last {m} minutes, {n} start|Last {m} minutes, {n} starts'],
  'playback.none': ['还没有播放器上报。', 'No player has reported yet.'],
  'playback.first_frame': ['首帧，中位数', 'First frame, median'],
  'playback.behind': ['落后现场，中位数', 'Behind live, median'],
  'playback.stalled': ['卡住的时间', 'Time stalled'],
  'playback.failed': ['没放出来', 'Did not start'],
  'playback.seconds': ['{s} 秒', '{s} s'],
} as const satisfies Record<string, readonly [string, string]>
