/** A trained run as exporters see it. */
import type { Dataset } from '@/data/dataset';
import type { Experiment } from '@/experiment/schema';
import type { Program } from './program';

/** What an exporter may ask for. */
export interface Trained {
  /** With the changes made up to now. */
  experiment: Experiment;
  /** The settings in force now. */
  settings: Experiment;
  step: number;
  dataset: Dataset;
  /** Everything trained, observed and learned, by the names of a checkpoint. */
  tensors: Readonly<Record<string, Float32Array>>;
  /** The integer program. @throws NoIntegerForm where there is none */
  program(): Promise<Program>;
}
