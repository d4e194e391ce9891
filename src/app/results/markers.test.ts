/** Marker labels say what changed in few words, and do not overlap. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordEdit } from '@/experiment/changes';
import type { Edit, Experiment } from '@/experiment/schema';
import { exampleExperiment } from '@/experiment/testing/example';
import { changeMarkers, layoutLabels } from './markers';

const changed = (...edits: [number, Edit][]): Experiment =>
  edits.reduce((experiment, [step, edit]) => recordEdit(experiment, edit, step), exampleExperiment);
const bits = (layer: string, site: 'weights' | 'activations', width: 2 | 3 | 4 | 8): Edit => ({
  kind: 'bits',
  layer,
  site,
  bits: width,
});
const labels = (experiment: Experiment) => changeMarkers(experiment).map((marker) => marker.label);
const weights = ['dense1', 'dense2', 'dense3', 'dense4'];

describe('changeMarkers', () => {
  it('names one layer and its new width', () => {
    expect(labels(changed([1500, bits('dense2', 'weights', 3)]))).toEqual(['dense2 W3']);
    expect(labels(changed([1500, bits('input', 'activations', 4)]))).toEqual(['input A4']);
  });

  it('says "all" when every layer got the same width, where the logits may stay as they are', () => {
    const all = weights.map((layer): [number, Edit] => [10, bits(layer, 'weights', 2)]);
    const hidden = weights.slice(0, 3).map((layer): [number, Edit] => [10, bits(layer, 'activations', 4)]);
    expect(labels(changed(...all))).toEqual(['all W2']);
    expect(labels(changed(...hidden))).toEqual(['all A4']);
    expect(labels(changed(...all, ...hidden))).toEqual(['all W2 A4']);
    expect(labels(changed(...all.slice(1)))).toEqual(['dense2 W2 +2']);
  });

  it('joins both sides of a layer, counts further layers, and keeps every word for the tooltip', () => {
    const experiment = changed(
      [10, bits('dense2', 'weights', 3)],
      [10, bits('dense2', 'activations', 2)],
      [10, bits('dense3', 'weights', 2)],
    );
    expect(labels(experiment)).toEqual(['dense2 W3 A2 +1']);
    expect(changeMarkers(experiment)[0]?.full).toEqual([
      'dense2: 3-bit weights',
      'dense2: 2-bit activations',
      'dense3: 2-bit weights',
    ]);
  });

  it('names a quantizer by its label, of one layer or of all', () => {
    const quantizer = (layer: string, value: string, site: 'weights' | 'activations' = 'weights'): Edit => ({
      kind: 'quantizer',
      layer,
      site,
      setting: 'quantizer',
      value,
    });
    const all = weights.map((layer): [number, Edit] => [10, quantizer(layer, 'lsq')]);
    const hidden = weights.slice(0, 3);
    const outputs = hidden.map((layer): [number, Edit] => [10, quantizer(layer, 'pact', 'activations')]);
    expect(labels(changed(...all))).toEqual(['all LSQ']);
    expect(labels(changed(...outputs))).toEqual(['all A PACT']);
    expect(labels(changed([10, quantizer('dense2', 'mse')]))).toEqual(['dense2 MSE clipping']);
    expect(labels(changed([10, quantizer('dense2', 'lsq', 'activations')]))).toEqual(['dense2 A LSQ']);
    expect(labels(changed(...all.slice(2)))).toEqual(['dense3 LSQ +1']);
    expect(labels(changed(...all, ...outputs))).toEqual(['all LSQ +3']);
    expect(changeMarkers(changed(...all.slice(1, 2)))[0]?.full).toEqual(['dense2: LSQ, weights']);
  });

  it('names a learning rate', () => {
    expect(labels(changed([5, { kind: 'learningRate', value: 0.001 }]))).toEqual(['lr 0.001']);
  });
});

describe('layoutLabels', () => {
  const marker = (step: number, label: string) => ({ step, label, full: [label] });
  const measure = (text: string) => 6 * text.length;
  const lay = (...markers: ReturnType<typeof marker>[]) =>
    layoutLabels(markers, (step) => step, 0, 400, measure);

  it('puts labels right of their lines while there is room', () => {
    const placed = lay(marker(100, 'dense2 W3'), marker(200, 'dense3 W2'));
    expect(placed.map(({ text, x }) => [text, x])).toEqual([
      ['dense2 W3', 103],
      ['dense3 W2', 203],
    ]);
  });

  it('merges near ones under the newest name at the oldest line', () => {
    const placed = lay(marker(100, 'dense2 W3'), marker(110, 'dense2 W2'), marker(300, 'all W8'));
    expect(placed.map(({ text, x }) => [text, x])).toEqual([
      ['dense2 W2 +1', 103],
      ['all W8', 303],
    ]);
  });

  it('adds to the count that a label has', () => {
    expect(lay(marker(100, 'dense2 W3'), marker(105, 'dense3 W2 +1'))[0]?.text).toBe('dense3 W2 +2');
  });

  it('begins right of the chart’s name', () => {
    expect(layoutLabels([marker(20, 'dense2 W3')], (step) => step, 90, 400, measure)[0]?.x).toBe(90);
  });

  it('pulls a label at the end back inside', () => {
    expect(lay(marker(395, 'all W4 A4'))[0]?.x).toBe(400 - 54);
  });

  it('never overlaps and never loses a marker', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }), (steps) => {
        const placed = lay(...steps.sort((a, b) => a - b).map((step) => marker(step, 'dense2 W3')));
        placed.slice(1).forEach((next, i) => {
          const before = placed[i]!;
          expect(before.x + measure(before.text)).toBeLessThanOrEqual(next.x);
        });
        expect(placed.flatMap((label) => label.markers.map((m) => m.step))).toEqual(steps);
      }),
    );
  });
});
