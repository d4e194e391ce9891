/** Will it fit? What the network takes, and each device's answer; both follow the bits at once. */
import { useMemo } from 'react';
import { type Device, devices } from '@/catalog/devices';
import { type Fit, fitsOf, type Needs, needsOf } from '@/experiment/fit';
import { useSettings } from '@/store/experiment';
import { bytes, short, shortTime } from '../format';
import { useLearnedWidths } from '../learnedWidths';
import { help, Term } from '../Term';
import styles from './Deploy.module.css';

const Answer = ({ fits }: { fits: boolean }) => (
  <span className={styles.answer} data-fits={fits}>
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={fits ? 'M2 6.5l3 3 5-7' : 'M2.5 2.5l7 7m0-7l-7 7'} fill="none" stroke="currentColor" />
    </svg>
    {fits ? 'fits' : 'does not fit'}
  </span>
);

/** A share of a device's memory, or what is missing. */
function Memory({ needed, left, what }: { needed: number; left: number; what: string }) {
  const has = needed + left;
  if (left < 0)
    return (
      <td className={styles.missing} {...help(`${what}: ${bytes(needed)} needed, ${bytes(has)} there.`)}>
        {bytes(-left)} missing
      </td>
    );
  const share = (100 * needed) / has;
  return (
    <td {...help(`${what}: ${bytes(needed)} of ${bytes(has)}.`)}>
      {share < 0.1 ? '< 0.1' : share.toFixed(share < 10 ? 1 : 0)} %
    </td>
  );
}

function Row({ fit, needs }: { fit: Fit; needs: Needs }) {
  const { label, part, help: about, sources }: Device = devices[fit.device];
  return (
    <tr>
      <th scope="row" {...help(`${part}. ${about} Sources: ${sources.join('; ')}.`)}>
        {label}
      </th>
      <td>
        <Answer fits={fit.fits} />
      </td>
      <Memory needed={needs.flash} left={fit.flashLeft} what="Flash, for the weights" />
      <Memory needed={needs.ram} left={fit.ramLeft} what="RAM, for activations" />
      <td>{fit.ms < 1e-4 ? '< 0.1 µs' : shortTime(fit.ms)}</td>
    </tr>
  );
}

export function WillItFit() {
  const settings = useSettings();
  const widths = useLearnedWidths();
  const needs = useMemo(() => needsOf(settings, widths), [settings, widths]);
  return (
    <section className={styles.part} aria-labelledby="h-fit">
      <h3 id="h-fit">Will it fit?</h3>
      <p className="hint" data-explained>
        <Term name="flash" /> {bytes(needs.flash)} · <Term name="arena" /> {bytes(needs.ram)} ·{' '}
        {short(needs.macs)} <Term name="macs" /> · {short(needs.bops)} <Term name="bops">BOPs</Term>
      </p>
      <table className={`figures ${styles.table}`} aria-label="Will it fit?">
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Answer</th>
            <th scope="col">Flash</th>
            <th scope="col">RAM</th>
            <th scope="col">
              <Term name="latency">Time</Term>
            </th>
          </tr>
        </thead>
        <tbody>
          {fitsOf(needs).map((fit) => (
            <Row key={fit.device} fit={fit} needs={needs} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
