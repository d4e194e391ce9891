/** What the page calls the three networks, in the order of the columns. */
import type { WordKey } from '@/catalog/words';
import type { NetworkName } from '@/session/networkNames';

export const networkWords = {
  float: { label: 'Float', aside: 'nothing rounded', word: 'floatAccuracy' },
  ptq: { label: 'PTQ', aside: 'rounded after', word: 'ptqAccuracy' },
  qat: { label: 'QAT', aside: 'trained rounded', word: 'qatAccuracy' },
} as const satisfies Record<NetworkName, { label: string; aside: string; word: WordKey }>;
