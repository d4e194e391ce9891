/** The test set three ways: by the float twin, by the integers of the network that was trained, and by these in ONNX Runtime. */
import { useState } from 'react';
import type { BackendName } from '@/catalog/backends';
import { datasetInfo } from '@/catalog/datasets';
import type { Times, Trial } from '@/session/deployProtocol';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { session } from '@/store/worker';
import { count, percent, shortTime } from '../format';
import { help } from '../Term';
import styles from './Deploy.module.css';
import { type Judged, runOnnx } from './runOnnx';

const backends: Record<BackendName, string> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly with SIMD',
  cpu: 'plain JavaScript',
};

interface Done {
  run: number;
  step: number;
  trial: Trial;
  judged: Judged;
}

const Line = ({ name, about, cells }: { name: string; about: string; cells: readonly string[] }) => (
  <tr>
    <th scope="row" {...help(about)}>
      {name}
    </th>
    {cells.map((cell, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
      <td key={i}>{cell}</td>
    ))}
  </tr>
);

const timesOf = ({ ms, batchMs }: Times) => [shortTime(ms), shortTime(batchMs)];

function Result({ done: { trial, judged, step, run } }: { done: Done }) {
  const { float } = trial;
  const now = useLive((live) => live.run === run && live.step === step);
  return (
    <>
      <table className={`figures ${styles.table}`} aria-label="ONNX Runtime">
        <thead>
          <tr>
            <th scope="col">Runs as</th>
            <th scope="col">Accuracy</th>
            <th scope="col" {...help('Examples answered otherwise than by our integer engine.')}>
              Differ
            </th>
            <th
              scope="col"
              {...help(
                'Time for one example alone, on this device, from its numbers to its logits: the median of five blocks of at least 20 ms.',
              )}
            >
              Alone
            </th>
            <th scope="col" {...help('Time for one example of many at once, measured in the same way.')}>
              In batches
            </th>
          </tr>
        </thead>
        <tbody>
          <Line
            name="Integers, here"
            about={`Our integer engine, which shares no code with training: int32 sums and fixed-point rescaling by ${trial.simd ? 'WebAssembly SIMD' : 'plain JavaScript, for want of SIMD'}, rounding of the input included. Batches of ${trial.times.batch}.`}
            cells={[percent(trial.accuracy), '–', ...timesOf(trial.times)]}
          />
          <Line
            name="Float, here"
            about={`The float twin, evaluated on ${backends[float.backend]}: numbers handed over and logits read back. Batches of ${float.batch}.`}
            cells={[percent(float.accuracy), count(float.different), ...timesOf(float)]}
          />
          <Line
            name="ONNX Runtime"
            about={`The exported ONNX file in ONNX Runtime for the web 1.30, WebAssembly with SIMD, one thread. Batches of ${judged.times.batch}.`}
            cells={[percent(judged.accuracy), count(judged.different), ...timesOf(judged.times)]}
          />
        </tbody>
      </table>
      <p className="hint">
        {count(trial.count)} test examples at step {count(step)}
        {now ? '' : '; training has gone on since'}
      </p>
    </>
  );
}

export function OnnxRuntime() {
  const [done, setDone] = useState<Done | null>(null);
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState('');
  const ready = useLive((live) => live.state !== 'starting');
  const dataset = useExperiment((state) => state.experiment.dataset);
  const press = async () => {
    setRunning(true);
    setProblem('');
    try {
      const trial = await session().deploy({ about: 'trial' });
      const judged = await runOnnx(trial);
      const { run, step } = useLive.getState();
      setDone({ run, step, trial, judged });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setRunning(false);
  };
  return (
    <section className={styles.part} aria-labelledby="h-onnx">
      <h3 id="h-onnx">Does it run elsewhere?</h3>
      <p className={styles.line}>
        <button
          type="button"
          disabled={!ready || running}
          aria-busy={running}
          onClick={() => void press()}
          {...help(
            'Exports the network to ONNX and runs it on the test set in ONNX Runtime, in this browser. The runtime, 14 MB, is fetched the first time.',
          )}
        >
          {running ? 'Running…' : 'Run in ONNX Runtime'}
        </button>
        <span className="hint">{datasetInfo(dataset).label}</span>
      </p>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      {done && <Result done={done} />}
    </section>
  );
}
