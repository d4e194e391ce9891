/** The traps that the present run is in, for the detail panel and the line of messages. */
import { useEffect, useMemo, useRef } from 'react';
import { type Trap, trapsOf } from '@/session/traps';
import { useExperiment, useSettings } from './experiment';
import { siteKey, useLive } from './live';
import { notify } from './notices';
import { edit } from './session';

/** Looked for whenever layers were measured. */
export function useTraps(): Trap[] {
  const settings = useSettings();
  const changes = useExperiment(({ experiment }) => experiment.changes);
  const layers = useLive((live) => live.layers);
  return useMemo(() => {
    const { step, histories } = useLive.getState();
    const historyOf = (layer: string, site: Trap['site']) => histories[siteKey(layer, site)] ?? [];
    return trapsOf(settings, changes, { step, layers, historyOf });
  }, [settings, changes, layers]);
}

export const mend = (trap: Trap): void => edit(trap.mend.edits);

/** Says once a run what it has run into. */
export function useTrapNotes(traps: readonly Trap[]): void {
  const run = useLive((live) => live.run);
  const said = useRef({ run, keys: new Set<string>() });
  useEffect(() => {
    if (said.current.run !== run) said.current = { run, keys: new Set() };
    const { keys } = said.current;
    const fresh = traps.filter(({ key }) => !keys.has(key));
    for (const { key } of fresh) keys.add(key);
    const [trap] = fresh;
    if (!trap) return;
    const { text } = trap;
    notify({ key: 'trap', tone: 'note', text, actions: [{ label: trap.mend.label, run: () => mend(trap) }] });
  }, [traps, run]);
}
