/** The layers: how much each minds rounding, and the bits that it would get. */
import { type Bits, bitWidths } from '@/catalog/bits';
import type { LayerSensitivity } from '@/session/measuring/measurement';
import { bytes, figures, minus } from '../format';
import { help } from '../Term';
import styles from './Allocate.module.css';
import { type AllocationRow, type risesAt, useAllocationForm } from './question';

interface Props {
  rows: readonly AllocationRow[];
  rises: ReturnType<typeof risesAt>;
  layers: readonly LayerSensitivity[];
  /** Of the two sensitivities at the width shown. */
  correlation: number | undefined;
  chosen: boolean;
}

const signed = (value: number, text: string) => `${value < 0 ? minus : '+'}${text}`;
const nats = (value: number) => `${signed(value, figures(Math.abs(value), 2))} nats`;

/** Now, and what would be where it is another. */
function Change({ now, next }: { now: Bits; next: Bits }) {
  return (
    <span className={styles.change}>
      {now !== next && (
        <>
          <i data-b={now}>{now}</i>
          <span aria-hidden="true">›</span>
          <span className="sr">to</span>
        </>
      )}
      <i data-b={next} data-new={now !== next}>
        {next}
      </i>
    </span>
  );
}

function Bars({ rise, most }: { rise: Props['rises'][number]; most: number }) {
  const { measured, estimated, name } = rise;
  if (!measured && estimated === undefined) return <span className="hint">no weights</span>;
  const width = (value: number) => `${most > 0 ? (100 * Math.max(0, value)) / most : 0}%`;
  const words = [
    measured &&
      `Measured: ${nats(measured.loss)}, ${(-100 * measured.accuracy).toFixed(1).replace('-', minus)} pt of accuracy.`,
    estimated !== undefined && `Hessian estimate: ${nats(estimated)}.`,
  ];
  return (
    <span className={styles.bars} {...help(`${name} alone rounded. ${words.filter(Boolean).join(' ')}`)}>
      <i data-kind="measured" style={{ width: width(measured?.loss ?? 0) }} />
      <i data-kind="estimated" style={{ width: width(estimated ?? 0) }} />
    </span>
  );
}

export function Table({ rows, rises, layers, correlation, chosen }: Props) {
  const { shown, budget, source } = useAllocationForm();
  const widths = bitWidths.filter((bits) =>
    layers.some(({ weights }) => weights?.some((rise) => rise.bits === bits)),
  );
  const most = Math.max(
    0,
    ...rises.flatMap(({ measured, estimated }) => [measured?.loss ?? 0, estimated ?? 0]),
  );
  const inAccuracy = budget === 'accuracy' || source === 'accuracy';
  const harm = (value: number) =>
    inAccuracy ? `${minus}${(100 * value).toFixed(1)} pt` : `+${value.toFixed(4)}`;
  const outputs = budget === 'bops';
  return (
    <div className={styles.list}>
      <table className={`figures ${styles.table}`} aria-label="Allocation">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col" className={styles.wide}>
              <span className={styles.head}>
                <label
                  {...help(
                    'By how much the loss rises when the weights of one layer alone have so many bits. Filled: measured. Outline: estimated from the Hessian trace.',
                  )}
                >
                  Sensitivity at{' '}
                  <select
                    aria-label="Bits of the bars"
                    value={shown}
                    onChange={(event) =>
                      useAllocationForm.setState({ shown: Number(event.target.value) as Bits })
                    }
                  >
                    {widths.map((bits) => (
                      <option key={bits} value={bits}>
                        {bits} bits
                      </option>
                    ))}
                  </select>
                </label>
                <span
                  role="status"
                  aria-live="off"
                  aria-label="Rank correlation"
                  {...help(
                    'Spearman’s rank correlation of measured and estimated sensitivities over the layers: 1 where both put them in the same order. Needs three layers with weights.',
                  )}
                >
                  {correlation === undefined
                    ? 'no rank correlation'
                    : `ρ ${correlation < 0 ? minus : ''}${Math.abs(correlation).toFixed(2)}`}
                </span>
              </span>
            </th>
            <th scope="col">W bits</th>
            {outputs && <th scope="col">A bits</th>}
            <th scope="col">Bytes</th>
            <th scope="col" {...help('What the layer alone is expected to do at its width.')}>
              Predicted
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, weights, activations, bytes: size, harm: predicted }, i) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className={styles.wide}>
                <Bars rise={rises.find((rise) => rise.name === name) ?? rises[i]!} most={most} />
              </td>
              <td>{weights && <Change {...weights} />}</td>
              {outputs && (
                <td>
                  <Change {...activations} />
                </td>
              )}
              <td>
                {bytes(size.next)}
                {size.next !== size.now && <small> of {bytes(size.now)}</small>}
              </td>
              <td>{chosen && weights ? harm(predicted) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
