/** Selects for how a site rounds: its quantizer by family, and its further choices. For one layer or for all. */
import type { TensorKind } from '@/catalog/quantizers';
import { help } from '../Term';
import {
  choiceField,
  deployHelp,
  familiesOf,
  fixedSetting,
  quantizersOf,
  type Setting,
  unavailable,
} from './quantizers';

const families = { weights: familiesOf('weights'), activations: familiesOf('activations') };

interface Props {
  /** Accessible name. */
  name: string;
  site: TensorKind;
  /** Undefined where layers differ. */
  value: string | undefined;
  onChoose(value: string): void;
}

const Mixed = () => (
  <option value="mixed" disabled>
    mixed
  </option>
);

export function QuantizerSelect({ name, site, value, onChoose }: Props) {
  const descriptor = value === undefined ? undefined : quantizersOf(site)[value];
  return (
    <select
      aria-label={name}
      value={value ?? 'mixed'}
      onChange={(event) => onChoose(event.target.value)}
      {...help(
        descriptor ? `${descriptor.help} ${deployHelp(descriptor)}` : 'The layers have different quantizers.',
      )}
    >
      {families[site].map(({ label, options }) => (
        <optgroup key={label} label={label}>
          {options.map(({ kind, text }) => (
            <option key={kind} value={kind}>
              {text}
            </option>
          ))}
        </optgroup>
      ))}
      {value === undefined && <Mixed />}
    </select>
  );
}

/**
 * One of a site's further choices.
 * @param quantizer whose rules may leave no choice; undefined where layers differ
 * @param ruled the option that the site's other choices leave, and why
 */
export function ChoiceSelect({
  name,
  site,
  setting,
  quantizer,
  ruled,
  value,
  onChoose,
}: Props & {
  setting: Setting;
  quantizer: string | undefined;
  ruled?: { value: string; reason: string } | undefined;
}) {
  const field = choiceField(site, setting);
  if (!field) return null;
  const descriptor = quantizer === undefined ? undefined : quantizersOf(site)[quantizer];
  const fixed = ruled ?? (descriptor && fixedSetting(descriptor, setting));
  const missing = (key: string) => descriptor && unavailable(descriptor, setting, key);
  const lacking = value === undefined ? undefined : missing(value);
  const shown = fixed?.value ?? lacking?.instead ?? value;
  const option = shown === undefined ? undefined : field.options[shown];
  const text = [option?.help ?? field.help, fixed?.reason ?? lacking?.reason].filter(Boolean).join(' ');
  const blank = fixed !== undefined && fixed.value === undefined;
  return (
    <select
      aria-label={name}
      value={blank ? 'fixed' : (shown ?? 'mixed')}
      disabled={fixed !== undefined}
      onChange={(event) => onChoose(event.target.value)}
      {...help(blank ? fixed.reason : text)}
    >
      {Object.entries(field.options).map(([key, { label }]) => (
        <option key={key} value={key} disabled={missing(key) !== undefined}>
          {label}
        </option>
      ))}
      {blank && <option value="fixed">per block</option>}
      {!blank && shown === undefined && <Mixed />}
    </select>
  );
}
