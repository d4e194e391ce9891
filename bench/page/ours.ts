/** The project's own steps, by the real session code: Trainer and Stepper, as the page's worker uses them. */
import { wasmFiles } from '@/backend/browser';
import { type Backend, startBackend } from '@/backend/start';
import type { BackendChoice } from '@/catalog/backends';
import { datasetInfo, datasetKinds } from '@/catalog/datasets';
import { decodeLink, encodeLink } from '@/experiment/link';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { dataOf } from './data';
import { hostTimes, launchesOf } from './host';
import { watchMemory } from './memory';
import { sections } from './sections';
import { serve } from './serve';

interface Prepared {
  experiment: Experiment;
  trainer: Trainer;
  stepper: Stepper;
}
const twins = ['float', 'qat'] as const;
let backend: Backend;
let prepared: Prepared;
/** Steps for `ms`, both twins in turns. */
async function steps(ms: number): Promise<number> {
  const end = performance.now() + ms;
  const first = prepared.trainer.step;
  while (performance.now() < end) await prepared.stepper.burst(30, Number.POSITIVE_INFINITY);
  return prepared.trainer.step - first;
}

/** On WebGPU: what a QAT step costs the worker, recorded and eager, and what it dispatches. */
async function host() {
  const { trainer, experiment } = prepared;
  const eager = new Trainer(experiment, trainer.dataset, false);
  try {
    const { recorded: ms, eager: eagerMs } = await hostTimes(trainer, eager, 'qat');
    return {
      ms,
      eagerMs,
      launches: await launchesOf(trainer, 'qat'),
      eagerDispatches: (await launchesOf(eager, 'qat')).length,
      mode: trainer.stepMode('qat').mode,
    };
  } finally {
    eager.dispose();
  }
}

serve({
  /** @param cores to use, all of them where it is left out */
  async start(choice: BackendChoice, cores?: number) {
    backend = await startBackend(choice, wasmFiles(cores));
    return backend.status;
  },
  async prepare(link: string) {
    if (prepared) prepared.trainer.dispose();
    const decoded = decodeLink(link);
    if (!decoded.ok) throw new Error(decoded.message);
    const trainer = new Trainer(decoded.experiment, dataOf(decoded.experiment));
    prepared = {
      experiment: decoded.experiment,
      trainer,
      stepper: new Stepper(trainer, () => [], backend.synchronous),
    };
    for (let i = 0; i < 10; i++) await prepared.stepper.burst(0, Number.POSITIVE_INFINITY);
  },
  /** @returns medians in ms of each twin's steps, and the mean time of a whole step */
  async slice(ms: number) {
    const { times } = prepared.stepper;
    for (const twin of twins) times[twin].clear();
    const start = performance.now();
    const count = await steps(ms);
    const { mode } = prepared.trainer.stepMode('qat');
    return {
      float: times.float.value,
      qat: times.qat.value,
      whole: (performance.now() - start) / count,
      mode,
    };
  },
  /** A link for each preset of the page, on the first of a few datasets that it fits. */
  presets() {
    const { spirals, digits, addition } = datasetKinds;
    return Object.entries(networkPresets).map(([name, { label, fits, layers }]) => {
      const { defaults } = [spirals, digits, addition].find((kind) => fits(datasetInfo(kind.defaults)))!;
      return { name, label, link: encodeLink({ ...experimentFor(defaults), layers: [...layers] }) };
    });
  },
  host,
  memory: (steps: number, recordings: number) =>
    watchMemory(prepared.trainer, prepared.stepper, steps, recordings),
  /** Rows of one of the other parts of the benchmark, for a workload. */
  section(name: string, link: string, turns: number) {
    const decoded = decodeLink(link);
    if (!decoded.ok) throw new Error(decoded.message);
    return sections[name]!(decoded.experiment, dataOf(decoded.experiment), turns);
  },
});
