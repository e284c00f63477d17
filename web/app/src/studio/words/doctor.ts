/** Words of the publish doctor; its sentences come from the server. */
export const doctor = {
  'doctor.title': ['推流体检', 'Stream check-up'],
  'doctor.rung': ['{rung} 档', 'Rung {rung}'],
  'doctor.rung_facts': ['{width}×{height}，{kbps} kbps，每秒 {fps} 帧', '{width}×{height}, {kbps} kbps, {fps} frames per second'],
  'doctor.good': ['没有要改的', 'Nothing to change'],
  'doctor.bad': ['马上改', 'Change now'],
  'doctor.weak': ['最好改', 'Better change'],
  'doctor.hint': ['可以更好', 'Could be better'],
} as const satisfies Record<string, readonly [string, string]>
