/** The widths that weights have learned so far, as the worker reports them: what the model's size counts with. */
import { useMemo } from 'react';
import { type LearnedWidths, learnedWidths } from '@/experiment/size';
import { useLive } from '@/store/live';

export function useLearnedWidths(): LearnedWidths {
  const layers = useLive((live) => live.layers);
  return useMemo(() => learnedWidths(Object.values(layers)), [layers]);
}
