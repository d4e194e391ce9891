/** What the page may ask about the trained network, and what it gets: files, reports, the test set. */
import type { BackendName } from '@/catalog/backends';
import type { ExporterName } from '@/catalog/exporters';
import type { Labels } from '@/data/dataset';
import type { Parity } from '@/experiment/parity';

export type DeployQuestion =
  /** The bytes of one file. */
  | { about: 'file'; exporter: ExporterName }
  /** What another runtime needs to be judged beside ours. */
  | { about: 'trial' }
  /** The integer engine against the QAT network on the whole test set, layer by layer. */
  | { about: 'parity' };

export interface Times {
  /** ms for one example alone, from its numbers to its logits read back. */
  ms: number;
  /** ms for one of `batch` at once. */
  batchMs: number;
  batch: number;
}

export interface Trial {
  /** An .onnx file. */
  model: Uint8Array;
  /** Test examples as the model takes them, row-major [count, ...shape]. */
  x: Float32Array;
  /** Classes, labelsPerExample for each example; -1 where nothing is asked. */
  y: Labels;
  labelsPerExample: number;
  count: number;
  shape: readonly number[];
  classes: number;
  /** Classes that the integer engine gives, as many as labels. */
  predicted: Int16Array;
  /** Share of examples all of whose answers are right. */
  accuracy: number;
  /** Of the integer engine. */
  times: Times;
  /** Whether it runs by WebAssembly SIMD. */
  simd: boolean;
  /** The float twin on the same examples. */
  float: Times & {
    accuracy: number;
    /** Examples whose answer differs from the integer engine's. */
    different: number;
    /** What it runs on. */
    backend: BackendName;
  };
}

export interface DeployAnswers {
  file: Uint8Array;
  trial: Trial;
  parity: Parity;
}

export type DeployCommand = { type: 'deploy'; run: number; request: number; question: DeployQuestion };
export type DeployEvent = { type: 'deployed'; request: number; answer: DeployAnswers[keyof DeployAnswers] };
