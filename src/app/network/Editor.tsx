/**
 * Editing the network: add, remove, move and resize layers. What fits is applied at once and starts the run over; what
 * does not fit stays a draft with the sentence that says why.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { descriptorOf, type LayerKind, type LayerSpec, layerKinds, layerSchema } from '@/catalog/layers';
import { layerNames, networkProblem, resolveNetwork } from '@/experiment/network';
import { maxLayers } from '@/experiment/schema';
import { useSettings } from '@/store/experiment';
import { restructure } from '@/store/session';
import { NumberBox } from '../controls/NumberBox';
import { help } from '../Term';
import styles from './Editor.module.css';
import { inSentence, inserted, moved, placeFor, removed } from './layers';

type Values = Record<string, number | string | undefined>;

export function Editor() {
  const { dataset, layers: applied } = useSettings();
  const [draft, setDraft] = useState<LayerSpec[] | null>(null);
  const layers = draft ?? applied;
  const problem = useMemo(() => networkProblem({ dataset, layers }), [dataset, layers]);
  const names = layerNames(layers);
  const summaries = useMemo(() => {
    if (networkProblem({ dataset, layers })) return undefined;
    return resolveNetwork({ dataset, layers }).map(({ spec, inputShape, outputShape }) =>
      descriptorOf(spec).summary(spec, inputShape, outputShape),
    );
  }, [dataset, layers]);

  const apply = (next: LayerSpec[]) => {
    if (networkProblem({ dataset, layers: next })) return setDraft(next);
    setDraft(null);
    restructure({ layers: next }, 'The network has changed.');
  };
  const add = (kind: LayerKind) => {
    const spec: LayerSpec = layerKinds[kind].defaults;
    apply(inserted(layers, placeFor({ dataset, layers }, spec), spec));
  };

  return (
    <div className={styles.editor}>
      <ol>
        {layers.map((spec, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a layer has no name but its place
          <li key={`${index} ${spec.kind}`} data-problem={problem?.layer === index}>
            <Row
              spec={spec}
              name={names[index]!}
              summary={summaries?.[index]}
              first={index === 0}
              last={index === layers.length - 1}
              beforeLast={index === layers.length - 2}
              onChange={(next) => apply(layers.with(index, next))}
              onMove={(by) => apply(moved(layers, index, by))}
              onRemove={() => apply(removed(layers, index))}
            />
            {problem?.layer === index && <Problem text={problem.message} />}
          </li>
        ))}
      </ol>
      <div className={styles.add}>
        {Object.values(layerKinds).map(({ kind, label, help: text }) => (
          <button
            key={kind}
            type="button"
            disabled={layers.length >= maxLayers}
            onClick={() => add(kind)}
            {...help(text)}
          >
            Add {inSentence(label)}
          </button>
        ))}
        {draft && (
          <button type="button" onClick={() => setDraft(null)}>
            Discard the draft
          </button>
        )}
      </div>
      <p className="hint">A change starts the run over from step 0. The run before it stays one Undo away.</p>
    </div>
  );
}

/** Why the draft is not applied; scrolled into view, because a long network may hide it. */
function Problem({ text }: { text: string }) {
  const ref = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // In braces: Chromium answers with a promise, which React would call when it cleans up.
    ref.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <p ref={ref} className={styles.problem} role="alert">
      {text} The run goes on with the network as it was.
    </p>
  );
}

interface RowProps {
  spec: LayerSpec;
  name: string;
  summary: string | undefined;
  first: boolean;
  last: boolean;
  beforeLast: boolean;
  onChange(spec: LayerSpec): void;
  onMove(by: number): void;
  onRemove(): void;
}

function Row({ spec, name, summary, first, last, beforeLast, onChange, onMove, onRemove }: RowProps) {
  const { label, fields, choices, help: text } = descriptorOf(spec);
  const values = spec as unknown as Values;
  const change = (key: string, value: number | string) => {
    const next = layerSchema.safeParse({ ...spec, [key]: value });
    if (next.success) onChange(next.data);
  };
  return (
    <div className={styles.row}>
      <div className={styles.what} {...help(text)}>
        <b>{name}</b>
        <small>{summary ?? label}</small>
      </div>
      <div className={styles.fields}>
        {fields
          .filter(({ key }) => values[key] !== undefined)
          .map((field) => (
            <span key={field.key} className={styles.field} {...help(field.help)}>
              {field.label}
              <NumberBox
                name={`${field.label}, ${name}`}
                value={values[field.key] as number}
                min={field.min}
                max={field.max}
                integer={field.integer}
                onCommit={(value) => value !== undefined && change(field.key, value)}
              />
            </span>
          ))}
        {last && <span className={styles.field}>One unit for each class</span>}
        {choices.map((field) => (
          <label key={field.key} className={styles.field} {...help(field.help)}>
            {field.label}
            <select
              aria-label={`${field.label}, ${name}`}
              value={values[field.key]}
              onChange={(event) => change(field.key, event.target.value)}
            >
              {Object.entries(field.options).map(([key, option]) => (
                <option key={key} value={key}>
                  {option.label}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      {!last && (
        <div className={styles.moves}>
          <button type="button" aria-label={`Move ${name} up`} disabled={first} onClick={() => onMove(-1)}>
            ↑
          </button>
          <button
            type="button"
            aria-label={`Move ${name} down`}
            disabled={beforeLast}
            onClick={() => onMove(1)}
          >
            ↓
          </button>
          <button type="button" aria-label={`Remove ${name}`} onClick={onRemove}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
