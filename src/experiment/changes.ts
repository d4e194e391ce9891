/** Applying changes: the settings in force at a step, and what Reset starts from. */
import { siteAt, withSite } from '@/catalog/layers';
import type { AnySite } from '@/catalog/quantizers';
import { inputName, layerNames } from './network';
import type { Change, Edit, Experiment } from './schema';

export { inputName };

/** An edit of one site. */
export type SiteEdit = Extract<Edit, { site: unknown }>;

/** A site with one edit made to it. */
export const editSite = <S extends AnySite>(site: S, edit: SiteEdit): S =>
  edit.kind === 'bits' ? { ...site, bits: edit.bits } : { ...site, [edit.setting]: edit.value };

/** The starting settings with one edit made to them; an edit that names nothing here leaves them as they are. */
export function applyEdit(experiment: Experiment, edit: Edit): Experiment {
  if (edit.kind === 'learningRate')
    return { ...experiment, optimizer: { ...experiment.optimizer, learningRate: edit.value } };
  if (edit.kind === 'batchNorm')
    return edit.value === 'estimate' ? experiment : { ...experiment, batchNorm: edit.value };
  if (edit.layer === inputName)
    return edit.site === 'activations'
      ? { ...experiment, input: editSite(experiment.input, edit) }
      : experiment;
  const index = layerNames(experiment.layers).indexOf(edit.layer);
  const spec = experiment.layers[index];
  const site = spec && siteAt(spec, edit.site);
  if (!spec || !site) return experiment;
  return {
    ...experiment,
    layers: experiment.layers.with(index, withSite(spec, edit.site, editSite(site, edit))),
  };
}

/** The settings in force once `step` steps are done: the start and every change up to there; `changes` is empty. */
export function settingsAt(experiment: Experiment, step: number): Experiment {
  const due = experiment.changes.filter((change) => change.step <= step);
  return { ...due.reduce<Experiment>(applyEdit, experiment), changes: [] };
}

/** The settings in force after all changes: what Reset starts from, and what the page shows. */
export const presentSettings = (experiment: Experiment): Experiment =>
  settingsAt(experiment, Number.POSITIVE_INFINITY);

/** Whether two edits set the same thing, so that the later one replaces the earlier one. */
export function isSameThing(a: Edit, b: Edit): boolean {
  if (a.kind === 'batchNorm' && b.kind === 'batchNorm')
    return (a.value === 'estimate') === (b.value === 'estimate');
  if (!('site' in a && 'site' in b)) return a.kind === b.kind;
  if (a.layer !== b.layer || a.site !== b.site || a.kind !== b.kind) return false;
  return a.kind === 'bits' || b.kind === 'bits' || a.setting === b.setting;
}

/**
 * Records an edit made after `step` steps. At step 0 it is a starting setting. At the same step a later edit of the same
 * thing replaces the earlier one, so that trying widths while paused leaves one entry.
 */
export function recordEdit(experiment: Experiment, edit: Edit, step: number): Experiment {
  if (step === 0) return applyEdit(experiment, edit);
  const kept = experiment.changes.filter((change) => change.step !== step || !isSameThing(change, edit));
  const change = { ...edit, step } as Change;
  return {
    ...experiment,
    changes: [...kept.filter((c) => c.step <= step), change, ...kept.filter((c) => c.step > step)],
  };
}
