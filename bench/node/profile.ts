/**
 * `npm run bench -- --profile NAME`: the time of every launch of a recorded step, in Node, both twins; then what evaluating
 * an example takes, and the histograms.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { startBackend } from '@/backend/start';
import { decodeLink } from '@/experiment/link';
import type { Recording } from '@/kernels/recording';
import { TestSet } from '@/session/evaluate';
import { inspect } from '@/session/inspect';
import type { RecordedStep } from '@/session/recorded';
import { Trainer } from '@/session/trainer';
import { dataOf } from '../page/data';
import { workloads } from '../workloads.mjs';

const wasmEntry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
const [name = '', repeats = '300'] = process.argv.slice(2);
await startBackend('wasm', dirname(wasmEntry) + sep);
const decoded = decodeLink(workloads[name] ?? name);
if (!decoded.ok) throw new Error(decoded.message);
const trainer = new Trainer(decoded.experiment, dataOf(decoded.experiment));
const twins = ['float', 'qat'] as const;
const step = (times?: Record<string, number[]>) => {
  const batch = trainer.nextBatch();
  for (const twin of twins) {
    const start = performance.now();
    const loss = trainer.train(twin, batch);
    loss.dataSync();
    loss.dispose();
    times?.[twin]?.push(performance.now() - start);
  }
  batch.x.dispose();
  batch.y.dispose();
  trainer.advance();
};
for (let i = 0; i < 50; i++) step();
const times: Record<string, number[]> = { float: [], qat: [] };
const begin = performance.now();
for (let i = 0; i < Number(repeats); i++) step(times);
const whole = (performance.now() - begin) / Number(repeats);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
console.log(
  `${name}: float ${median(times.float!).toFixed(4)} qat ${median(times.qat!).toFixed(4)} whole ${whole.toFixed(4)}`,
);
console.log(JSON.stringify(twins.map((twin) => trainer.stepMode(twin))));
for (const twin of twins) {
  const recorded = (trainer as unknown as { recorded: Record<string, RecordedStep> }).recorded[twin]!;
  const { recording } = (recorded as unknown as { recording: { recording: Recording } }).recording;
  const totals = new Map<string, { ms: number; count: number }>();
  for (const segment of [0, 1]) {
    const length = recording.lengthOf(segment);
    const each = Array.from({ length: Number(repeats) }, () => new Float64Array(length));
    let names: string[] = [];
    for (const one of each) names = recording.profile(segment, one);
    names.forEach((launch, i) => {
      const ms = median(each.map((one) => one[i]!));
      const total = totals.get(launch) ?? { ms: 0, count: 0 };
      totals.set(launch, { ms: total.ms + ms, count: total.count + 1 });
      if (process.env.EACH && ms > 0.004) console.log(`  ${twin} ${segment} ${i} ${launch} ${ms.toFixed(4)}`);
    });
  }
  const rows = [...totals].sort((a, b) => b[1].ms - a[1].ms);
  const sum = rows.reduce((all, [, { ms }]) => all + ms, 0);
  console.log(`${twin}: ${sum.toFixed(3)} ms in ${rows.reduce((n, [, { count }]) => n + count, 0)} launches`);
  for (const [launch, { ms, count }] of rows.slice(0, 22))
    console.log(
      `  ${launch.padEnd(34)} ${String(count).padStart(4)} ${ms.toFixed(4)} ${((100 * ms) / sum).toFixed(1)} %`,
    );
}

/** In turns with training steps, so that both have the machine as it is. */
const set = new TestSet(trainer);
const reports = {
  step,
  calibrate: () => trainer.calibrate(),
  float: () => set.evaluate('float'),
  qat: () => set.evaluate('qat'),
  ptq: () => set.evaluate('ptq'),
  inspect: () => inspect(trainer, undefined),
};
const spent = new Map<string, number[]>(Object.keys(reports).map((report) => [report, []]));
for (let i = 0; i < 12; i++)
  for (const [report, work] of Object.entries(reports)) {
    const start = performance.now();
    await work();
    if (i > 1) spent.get(report)!.push(performance.now() - start);
  }
const perExample = (ms: number, examples: number) => `${(ms / examples).toFixed(4)} ms for each example`;
for (const [report, each] of spent) {
  const ms = median(each);
  const examples = { step: decoded.experiment.batchSize, calibrate: 0, inspect: 0 }[report] ?? set.count;
  console.log(
    `${report.padEnd(10)} ${ms.toFixed(2).padStart(8)} ms ${examples ? perExample(ms, examples) : ''}`,
  );
}
