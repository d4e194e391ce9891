/** Trains on several threads, for ../threads.kernel.test.ts: a page's own thread must not wait for others. */
import * as tf from '@tensorflow/tfjs-core';
import { wasmFiles } from '@/backend/browser';
import { startBackend } from '@/backend/start';
import { generate } from '@/data/generate';
import { decodeLink } from '@/experiment/link';
import type { Edit } from '@/experiment/schema';
import { currentTeam, setThreads } from '@/kernels/wasm';
import { Trainer } from '../trainer';

export interface Order {
  link: string;
  steps: number;
  /** One training for each: the first from the start of the backend on. */
  cores: number[];
  choice?: 'wasm' | 'fused';
  /** Helpers end before they begin, or cannot be started. */
  without?: 'gone' | 'refused';
  /** Made before this step. */
  edit?: { step: number; change: Edit };
}
export interface Outcome {
  adapter: string;
  threads: number;
  modes: string[];
  /** Pieces that helpers did. */
  helped: number;
  losses: number[];
  /** Every parameter, one after the other. */
  values: Float32Array;
}

async function outcomesOf(order: Order): Promise<Outcome[]> {
  const [first = 1, ...others] = order.cores;
  const files = wasmFiles(first);
  const { start } = files.threads;
  if (order.without)
    files.threads.start = () => {
      if (order.without === 'refused') throw new Error('no workers here');
      const worker = start();
      worker.terminate();
      return worker;
    };
  const { status } = await startBackend(order.choice ?? 'wasm', files);
  const outcomes = [await outcomeOf(order, status.adapter)];
  for (const cores of others) {
    setThreads({ ...files.threads, cores });
    outcomes.push(await outcomeOf(order, status.adapter));
  }
  setThreads();
  return outcomes;
}

async function outcomeOf({ link, steps, edit }: Order, adapter: string): Promise<Outcome> {
  const team = currentTeam();
  if (team) team.fixed = true;
  const decoded = decodeLink(link);
  if (!decoded.ok) throw new Error(decoded.message);
  const { experiment } = decoded;
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, generate(experiment.dataset as never, experiment.seed), true);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    if (edit?.step === i) await trainer.edit(edit.change);
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) {
      const loss = trainer.train(twin, batch);
      losses.push(loss.dataSync()[0]!);
      loss.dispose();
    }
    tf.dispose([batch.x, batch.y]);
    trainer.advance();
    // Helpers start while this thread rests.
    if (i === 5) await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const variables = Object.values(tf.engine().state.registeredVariables);
  const values = variables.map((variable) => variable.dataSync() as Float32Array);
  const all = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of values) {
    all.set(each, at);
    at += each.length;
  }
  const modes = (['float', 'qat'] as const).map((twin) => trainer.stepMode(twin).mode);
  const threads = team?.threads ?? 1;
  const outcome = { adapter, threads, modes, helped: team?.helped ?? 0, losses, values: all };
  trainer.dispose();
  return outcome;
}

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  try {
    postMessage(await outcomesOf(data));
  } catch (error) {
    postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};
