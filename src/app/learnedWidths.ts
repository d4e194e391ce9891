/** The widths that weights have learned so far, as the worker reports them: what the model's size counts with. */
import { useMemo } from 'react';
import type { SiteName } from '@/catalog/quantizers';
import type { LearnedWidths } from '@/experiment/size';
import type { LayerSummary } from '@/session/protocol';
import { useLive } from '@/store/live';

const none: LearnedWidths = {};

/** By "<layer>/<site>"; the same object where nothing is learned. */
export function widthsOf(layers: Readonly<Record<string, LayerSummary>>): LearnedWidths {
  const found = Object.values(layers).flatMap(({ name, sites }) =>
    (Object.keys(sites) as SiteName[]).flatMap((site): [string, number][] => {
      const width = sites[site]?.parameters.bits;
      return width === undefined ? [] : [[`${name}/${site}`, width]];
    }),
  );
  return found.length === 0 ? none : Object.fromEntries(found);
}

export function useLearnedWidths(): LearnedWidths {
  const layers = useLive((live) => live.layers);
  return useMemo(() => widthsOf(layers), [layers]);
}
