/** Applying changes: the settings in force at a step, and what Reset starts from. */
import { siteAt, withSite } from '@/catalog/layers';
import type { AnySite } from '@/catalog/quantizers';
import { inputName, layerNames } from './network';
import { plannedChanges, releaseFromPlan } from './plan';
import type { Change, Edit, Experiment } from './schema';

export { inputName };

/** An edit of one site. */
export type SiteEdit = Extract<Edit, { site: unknown }>;

/** A site with one edit made to it. */
export const editSite = <S extends AnySite>(site: S, edit: SiteEdit): S =>
  edit.kind === 'bits' ? { ...site, bits: edit.bits } : { ...site, [edit.setting]: edit.value };

/** With a part that is left out where it says nothing. */
function withOptional<K extends 'observers' | 'held' | 'plan'>(
  experiment: Experiment,
  key: K,
  value: Experiment[K] | false,
): Experiment {
  if (value) return { ...experiment, [key]: value };
  const { [key]: _, ...rest } = experiment;
  return rest as Experiment;
}

/** The starting settings with one edit made to them; an edit that names nothing here leaves them as they are. */
export function applyEdit(experiment: Experiment, edit: Edit): Experiment {
  if (edit.kind === 'learningRate')
    return { ...experiment, optimizer: { ...experiment.optimizer, learningRate: edit.value } };
  if (edit.kind === 'batchNorm')
    return edit.value === 'estimate' ? experiment : { ...experiment, batchNorm: edit.value };
  if (edit.kind === 'observers')
    return withOptional(experiment, 'observers', edit.value === 'frozen' && 'frozen');
  if (edit.kind === 'adopt') return experiment;
  if (edit.kind === 'hold') {
    const others = (experiment.held ?? []).filter((layer) => layer !== edit.layer);
    const held = edit.value === 'held' ? [...others, edit.layer] : others;
    return withOptional(experiment, 'held', held.length > 0 && held);
  }
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

const timelines = new WeakMap<Experiment, readonly Change[]>();

/**
 * Everything that changes during a run, in order of steps: what its plan makes and what was changed by hand, which comes
 * after the plan's changes of the same step. Entries of step 0 are settings that the run starts with.
 */
export function timelineOf(experiment: Experiment): readonly Change[] {
  if (!experiment.plan) return experiment.changes;
  let timeline = timelines.get(experiment);
  if (!timeline) {
    // Sorting is stable.
    timeline = [...plannedChanges(experiment), ...experiment.changes].sort((a, b) => a.step - b.step);
    timelines.set(experiment, timeline);
  }
  return timeline;
}

/** Whether two plans for a run have made the same of its first steps. */
export function hasSamePast(a: Experiment, b: Experiment, step: number): boolean {
  const past = (experiment: Experiment) =>
    JSON.stringify(timelineOf(experiment).filter((change) => change.step <= step));
  return past(a) === past(b);
}

/**
 * The settings in force once `step` steps are done: the start, and of the plan and the changes everything up to there;
 * `changes` is empty and there is no plan.
 */
export function settingsAt(experiment: Experiment, step: number): Experiment {
  const due = timelineOf(experiment).filter((change) => change.step <= step);
  const last = new Map<string, Change>();
  // Only the last of several edits of one thing counts.
  for (const change of due) {
    const key = thingOf(change);
    last.delete(key);
    last.set(key, change);
  }
  const settings = [...last.values()].reduce<Experiment>(applyEdit, experiment);
  return { ...withOptional(settings, 'plan', false), changes: [] };
}

/** The settings in force after all changes made by hand: what Reset starts from. The plan stays. */
export function presentSettings(experiment: Experiment): Experiment {
  return { ...experiment.changes.reduce<Experiment>(applyEdit, experiment), changes: [] };
}

/** Names what an edit sets: edits of one thing replace each other. */
function thingOf(edit: Edit): string {
  if (edit.kind === 'batchNorm') return `batchNorm/${edit.value === 'estimate'}`;
  if (edit.kind === 'hold') return `hold/${edit.layer}`;
  if (!('site' in edit)) return edit.kind;
  const place = `${edit.layer}/${edit.site}/${edit.kind}`;
  return edit.kind === 'bits' ? place : `${place}/${edit.setting}`;
}

/** Whether two edits set the same thing, so that the later one replaces the earlier one. */
export const isSameThing = (a: Edit, b: Edit): boolean => thingOf(a) === thingOf(b);

/**
 * Records an edit made after `step` steps. At step 0 it is a starting setting, and a plan lets go of what it sets. At the
 * same step a later edit of the same thing replaces the earlier one, so that trying widths while paused leaves one entry.
 */
export function recordEdit(experiment: Experiment, edit: Edit, step: number): Experiment {
  if (step === 0) {
    const { plan } = experiment;
    const free = plan && edit.kind === 'bits' ? releaseFromPlan(experiment, edit.layer, edit.site) : plan;
    const released = free === plan ? experiment : withOptional(experiment, 'plan', free ?? false);
    return applyEdit(released, edit);
  }
  const kept = experiment.changes.filter((change) => change.step !== step || !isSameThing(change, edit));
  const change = { ...edit, step } as Change;
  return {
    ...experiment,
    changes: [...kept.filter((c) => c.step <= step), change, ...kept.filter((c) => c.step > step)],
  };
}
