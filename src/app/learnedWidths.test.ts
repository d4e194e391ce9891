import { describe, expect, it } from 'vitest';
import type { LayerSummary, SiteSummary } from '@/session/protocol';
import { widthsOf } from './learnedWidths';

const summary = (parameters: SiteSummary['parameters']): SiteSummary => ({
  sqnrDb: 30,
  clippedShare: 0,
  parameters,
  fullestShare: 0.1,
  outlier: 1,
});
const layer = (name: string, parameters: SiteSummary['parameters']): LayerSummary => ({
  name,
  sites: { weights: summary(parameters), activations: summary({ step: 0.1 }) },
});

describe('learned widths', () => {
  it('are those of the sites that report one', () => {
    expect(
      widthsOf({
        dense1: layer('dense1', { bits: 3.4, clip: 0.7 }),
        dense2: layer('dense2', { step: 0.1, clip: 0.7 }),
      }),
    ).toEqual({ 'dense1/weights': 3.4 });
  });
  it('are the same object where there is none, so that nothing is drawn anew', () => {
    const one = widthsOf({ dense1: layer('dense1', { step: 0.1 }) });
    expect(widthsOf({ dense1: layer('dense1', { step: 0.2 }) })).toBe(one);
    expect(widthsOf({})).toBe(one);
  });
});
