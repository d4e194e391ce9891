/** The parity report: the integer engine against the network that was trained, layer by layer. */
import { useState } from 'react';
import type { Difference, Parity as ParityReport } from '@/experiment/parity';
import { useLive } from '@/store/live';
import { session } from '@/store/worker';
import { count, percent } from '../format';
import { help } from '../Term';
import styles from './Deploy.module.css';

const steps = ({ lsb, outputs }: Difference, of: number) => (
  <td {...help(`${count(outputs)} of ${count(of)} outputs differ, by at most ${count(lsb)} steps.`)}>
    {count(lsb)}
  </td>
);

function Report({ report, step }: { report: ParityReport; step: number }) {
  const { accuracy, mismatches, samples, layers, floats } = report;
  return (
    <>
      <p role="status" aria-label="Parity" aria-live="off" className={styles.line}>
        {count(mismatches.evaluation)} of {count(samples)} answers differ; accuracy{' '}
        {percent(accuracy.integer)} as integers, {percent(accuracy.evaluation)} as evaluated,{' '}
        {percent(accuracy.training)} as trained
      </p>
      <table className={`figures ${styles.table}`} aria-label="Parity by layer">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th
              scope="col"
              {...help(
                'Largest difference between the integer engine and evaluation mode, which rounds as integers do, in steps of the layer’s grid (LSB).',
              )}
            >
              Evaluation, LSB
            </th>
            <th
              scope="col"
              {...help(
                'The same against the forward pass that trains: its float rounding falls on the other side of a tie now and then.',
              )}
            >
              Training, LSB
            </th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ name, outputs, evaluation, training }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {steps(evaluation, outputs)}
              {steps(training, outputs)}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hint">
        At step {count(step)}. {floats.join(' ')}
      </p>
    </>
  );
}

export function Parity() {
  const [done, setDone] = useState<{ report: ParityReport; step: number } | null>(null);
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState('');
  const ready = useLive((live) => live.state !== 'starting');
  const press = async () => {
    setRunning(true);
    setProblem('');
    try {
      const { step } = useLive.getState();
      setDone({ report: await session().deploy({ about: 'parity' }), step });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setRunning(false);
  };
  return (
    <section className={styles.part} aria-labelledby="h-parity">
      <h3 id="h-parity">Is it the same as integers?</h3>
      <p className={styles.line}>
        <button
          type="button"
          disabled={!ready || running}
          aria-busy={running}
          onClick={() => void press()}
          {...help(
            'Lowers the network to integers, runs it on the test set by an engine that shares no code with training, and compares every output of every layer.',
          )}
        >
          {running ? 'Comparing…' : 'Compare with integers'}
        </button>
      </p>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      {done && <Report {...done} />}
    </section>
  );
}
