/** Datasets: generated ones, and those of the person's own files. */
import type { GeneratedSpec } from '@/catalog/datasets';
import type { Dataset } from './dataset';
import { generate } from './generate';

export { type CsvColumns, csvColumns } from './csv';
export { classCounts, type Dataset, type Labels, type Split } from './dataset';
export { DataFileError } from './error';
export { type DataFile, type Opened, openFiles } from './open';
export { type Random, stream } from './random';

/** The dataset of a generated spec; the seed is the experiment's. */
export const makeDataset = (spec: GeneratedSpec, seed: number): Dataset => generate(spec, seed);
