/** The plan as a form: its entries, each with whom it speaks to and its numbers, and a list to add one from. */
import { Popover } from '@mantine/core';
import { useState } from 'react';
import { rounds } from '@/catalog/layers';
import { layerNames } from '@/experiment/network';
import {
  maxEntries,
  type Plan,
  type PlanEntry,
  type PlanKind,
  type SpeaksTo,
  speaksTo,
} from '@/experiment/plan';
import { planKinds, planWords } from '@/experiment/planWords';
import type { Experiment } from '@/experiment/schema';
import { parsePoints, pointsText } from '@/experiment/timeline';
import { changePlan } from '@/store/editing';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { alertPerson, dismiss } from '@/store/notices';
import { NumberBox } from '../controls/NumberBox';
import { help } from '../Term';
import { fieldsOf, offers, withNew } from './entries';
import styles from './Timeline.module.css';

const present = () => useExperiment.getState().experiment;
const take = (plan: Plan) => changePlan(plan.length > 0 ? plan : undefined, 'The plan has changed.');

interface EntryProps {
  entry: PlanEntry;
  index: number;
  layers: Experiment['layers'];
}

function Addressee({ entry, layers, put }: EntryProps & { put(entry: PlanEntry): void }) {
  if (!('of' in entry)) return null;
  const names = layerNames(layers).filter((_, index) => rounds(layers[index]!));
  const chosen = entry.layers?.join(', ');
  const title = planWords[entry.kind].label;
  const { layers: _, ...all } = entry;
  return (
    <>
      <select
        aria-label={`Layers, ${title}`}
        value={chosen ?? ''}
        onChange={({ target }) =>
          put(target.value === '' ? all : { ...entry, layers: target.value.split(', ') })
        }
      >
        <option value="">all layers</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
        {chosen?.includes(',') && <option>{chosen}</option>}
      </select>
      <select
        aria-label={`What it drives, ${title}`}
        value={entry.of}
        onChange={({ target }) => put({ ...entry, of: target.value as SpeaksTo })}
      >
        {(Object.keys(speaksTo) as SpeaksTo[]).map((of) => (
          <option key={of} value={of}>
            {speaksTo[of].label}
          </option>
        ))}
      </select>
    </>
  );
}

/** "0: 8, 500: 4": widths and the steps that they hold from. */
function Points({
  entry,
  put,
}: {
  entry: Extract<PlanEntry, { kind: 'steps' }>;
  put(entry: PlanEntry): void;
}) {
  const shown = pointsText(entry.points);
  const [typing, setTyping] = useState<string | null>(null);
  const commit = () => {
    setTyping(null);
    if (typing === null || typing === shown) return;
    const points = parsePoints(typing);
    if (points) {
      dismiss('field');
      put({ ...entry, points });
      return;
    }
    alertPerson(
      'field',
      'A stepwise schedule is written as “0: 8, 500: 4”: steps in order, widths of 1 to 8 or 32.',
    );
  };
  return (
    <label
      className={styles.full}
      {...help('Step and bits, in order: “0: 8, 500: 4” is 8 bits from the start and 4 from step 500.')}
    >
      step: bits
      <input
        type="text"
        className={styles.long}
        aria-label="Steps and bits, Stepwise"
        autoComplete="off"
        spellCheck={false}
        value={typing ?? shown}
        onChange={(event) => setTyping(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
    </label>
  );
}

function Entry({ entry, index, layers }: EntryProps) {
  const { label, help: words } = planWords[entry.kind];
  const put = (next: PlanEntry) => take((present().plan ?? []).with(index, next));
  return (
    <fieldset className={styles.entry}>
      <legend {...help(words)}>{label}</legend>
      <Addressee entry={entry} index={index} layers={layers} put={put} />
      <span className="grow" />
      <button
        type="button"
        className="quiet"
        aria-label={`Remove ${label}`}
        onClick={() => take((present().plan ?? []).toSpliced(index, 1))}
      >
        Remove
      </button>
      {entry.kind === 'steps' && <Points entry={entry} put={put} />}
      {fieldsOf(entry).map((field) => (
        <span className={styles.number} key={field.label} {...help(field.help)}>
          {field.label}
          <NumberBox
            name={`${label}, ${field.label}`}
            value={field.value}
            min={field.min}
            max={field.max}
            integer
            onCommit={(value) => value !== undefined && put(field.put(value))}
          />
        </span>
      ))}
    </fieldset>
  );
}

function Editor() {
  const experiment = useExperiment((state) => state.experiment);
  const { plan = [], layers } = experiment;
  const full = plan.length >= maxEntries;
  return (
    <>
      <h3 data-autofocus tabIndex={-1}>
        Precision plan
      </h3>
      {plan.length === 0 && (
        <p className="hint">
          Bits are constant: what the desk says, and what is toggled while it trains. A schedule makes them a
          function of the step.
        </p>
      )}
      {plan.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place
        <Entry key={index} entry={entry} index={index} layers={layers} />
      ))}
      <div className={styles.foot}>
        <select
          aria-label="Add to the plan"
          value=""
          disabled={full}
          onChange={({ target }) =>
            take(withNew(present(), target.value as PlanKind, useLive.getState().step))
          }
        >
          <option value="">Add…</option>
          {planKinds
            .filter((kind) => offers(kind, experiment))
            .map((kind) => (
              <option key={kind} value={kind}>
                {planWords[kind].label}
              </option>
            ))}
        </select>
        <span className="grow" />
        {plan.length > 0 && (
          <button type="button" className="quiet" onClick={() => take([])}>
            Constant bits
          </button>
        )}
      </div>
      <p className="hint">
        The first entry that speaks to a layer drives it. A change of what the run has passed starts it over;
        Undo brings it back.
      </p>
    </>
  );
}

export function PlanButton() {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      position="top-start"
      shadow="md"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <button
          type="button"
          className={styles.button}
          onClick={() => setOpen(!open)}
          {...help(
            'Bits as a function of the step: stepwise, linear or cyclic schedules, late QAT, QAT from PTQ, frozen observers.',
          )}
        >
          Plan
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.popover} aria-label="Precision plan">
        <Editor />
      </Popover.Dropdown>
    </Popover>
  );
}
