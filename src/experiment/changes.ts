/** Applying changes: the settings in force at a step, and what Reset starts from. */
import { isWeighted } from '@/catalog/layers';
import { inputName, layerNames } from './network';
import type { Change, Edit, Experiment } from './schema';

export { inputName };

/** The starting settings with one edit made to them; an edit that names nothing here leaves them as they are. */
export function applyEdit(experiment: Experiment, edit: Edit): Experiment {
  if (edit.kind === 'learningRate')
    return { ...experiment, optimizer: { ...experiment.optimizer, learningRate: edit.value } };
  if (edit.layer === inputName)
    return edit.site === 'activations'
      ? { ...experiment, input: { ...experiment.input, bits: edit.bits } }
      : experiment;
  const index = layerNames(experiment.layers).indexOf(edit.layer);
  const spec = experiment.layers[index];
  if (!spec || !isWeighted(spec)) return experiment;
  const changed = { ...spec, [edit.site]: { ...spec[edit.site], bits: edit.bits } };
  return { ...experiment, layers: experiment.layers.with(index, changed) };
}

/** The settings in force once `step` steps are done: the start and every change up to there; `changes` is empty. */
export function settingsAt(experiment: Experiment, step: number): Experiment {
  const due = experiment.changes.filter((change) => change.step <= step);
  return { ...due.reduce<Experiment>(applyEdit, experiment), changes: [] };
}

/** The settings in force after all changes: what Reset starts from, and what the page shows. */
export const presentSettings = (experiment: Experiment): Experiment =>
  settingsAt(experiment, Number.POSITIVE_INFINITY);

/**
 * Records an edit made after `step` steps. At step 0 it is a starting setting. At the same step a later edit of the same
 * thing replaces the earlier one, so that trying widths while paused leaves one entry.
 */
export function recordEdit(experiment: Experiment, edit: Edit, step: number): Experiment {
  if (step === 0) return applyEdit(experiment, edit);
  const sameThing = (change: Change) =>
    change.step === step &&
    change.kind === edit.kind &&
    (change.kind !== 'bits' ||
      (edit.kind === 'bits' && change.layer === edit.layer && change.site === edit.site));
  const kept = experiment.changes.filter((change) => !sameThing(change));
  const change = { ...edit, step } as Change;
  return {
    ...experiment,
    changes: [...kept.filter((c) => c.step <= step), change, ...kept.filter((c) => c.step > step)],
  };
}
