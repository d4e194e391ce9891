/** The traps that the present run is in, for the detail panel and the line of messages. */
import { useEffect, useRef } from 'react';
import { create } from 'zustand';
import { siteAt } from '@/catalog/layers';
import { layerNames } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { type Trap, trapsOf } from '@/session/traps';
import { edit } from './editing';
import { useExperiment, useSettings } from './experiment';
import { siteKey, useLive } from './live';
import { notify } from './notices';

/** A trap with the step at which it was last seen, and the settings that it was seen under. */
export interface KeptTrap {
  trap: Trap;
  seen: number;
  settings: string;
}

/**
 * Steps that a trap stays after it was last seen, so that one at its threshold does not come and go: a quarter of the
 * run, since a small network takes 10,000 steps a second.
 */
const lasting = (seen: number) => Math.max(1000, seen / 4);

/** What a trap depends on: how its site rounds, and the learning rate. */
function settingsBehind({ layers, input, optimizer }: Experiment, { layer, site }: Trap): string {
  const spec = layers[layerNames(layers).indexOf(layer)];
  return JSON.stringify([(spec && siteAt(spec, site)) ?? input, optimizer.learningRate]);
}

/** The traps found now, and those found a moment ago whose settings are still the same. */
export function keepTraps(
  kept: readonly KeptTrap[],
  found: readonly Trap[],
  settings: Experiment,
  step: number,
): KeptTrap[] {
  const now = found.map((trap) => ({ trap, seen: step, settings: settingsBehind(settings, trap) }));
  const staying = kept.filter(
    (one) =>
      !found.some(({ key }) => key === one.trap.key) &&
      step >= one.seen &&
      step <= one.seen + lasting(one.seen) &&
      one.settings === settingsBehind(settings, one.trap),
  );
  return [...staying, ...now];
}

const useKept = create<{ run: number; kept: readonly KeptTrap[] }>()(() => ({ run: 0, kept: [] }));

/** The trap that a layer is in; of several the oldest. */
export const useTrapOf = (layer: string): Trap | undefined =>
  useKept(({ kept }) => kept.find(({ trap }) => trap.layer === layer)?.trap);

export const mend = (trap: Trap): void => edit(trap.mend.edits);

/** Looks for traps whenever layers were measured or a setting changed, and says once a run what it has run into. */
export function useTrapWatch(): void {
  const settings = useSettings();
  const changes = useExperiment(({ experiment }) => experiment.changes);
  const layers = useLive((live) => live.layers);
  const run = useLive((live) => live.run);
  const said = useRef({ run, keys: new Set<string>() });
  useEffect(() => {
    const { step, histories } = useLive.getState();
    const historyOf = (layer: string, site: Trap['site']) => histories[siteKey(layer, site)] ?? [];
    const found = trapsOf(settings, changes, { step, layers, historyOf });
    useKept.setState((state) => ({
      run,
      kept: keepTraps(state.run === run ? state.kept : [], found, settings, step),
    }));
    if (said.current.run !== run) said.current = { run, keys: new Set() };
    const { keys } = said.current;
    const fresh = found.filter(({ key }) => !keys.has(key));
    for (const { key } of fresh) keys.add(key);
    const [trap] = fresh;
    if (!trap) return;
    const { text } = trap;
    notify({ key: 'trap', tone: 'note', text, actions: [{ label: trap.mend.label, run: () => mend(trap) }] });
  }, [settings, changes, layers, run]);
}
