/** What the Export menu saves: everything is made in the page, nothing is sent anywhere. */
import { experimentToFile } from '@/experiment/file';
import type { Experiment } from '@/experiment/schema';
import { fileStem } from '@/experiment/summary';
import type { CurvePoint } from '@/session/protocol';
import { csv } from '../charts/csv';

export function download(name: string, content: string | Uint8Array<ArrayBuffer>, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has started once the click has been handled; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const saveExperiment = (experiment: Experiment): void =>
  download(`${fileStem(experiment)}.json`, experimentToFile(experiment), 'application/json');

export const saveLink = (experiment: Experiment, link: string): void =>
  download(`${fileStem(experiment)}.txt`, `${link}\n`, 'text/plain');

const columns = ['float', 'ptq', 'qat'] as const;

/** The curves as a table: accuracy as a fraction, loss in nats, nothing where PTQ had no score yet. */
export function curvesAsCsv(points: readonly CurvePoint[]): string {
  const head = ['step', ...columns.flatMap((name) => [`${name}_accuracy`, `${name}_loss`])];
  const rows = points.map((point) => [
    point.step,
    ...columns.flatMap((name) => [point[name]?.accuracy, point[name]?.loss]),
  ]);
  return csv([head, ...rows]);
}

export const saveCurves = (experiment: Experiment, points: readonly CurvePoint[]): void =>
  download(`${fileStem(experiment)}.csv`, curvesAsCsv(points), 'text/csv');

/** Lets the person choose files. */
export function chooseFiles(then: (files: File[]) => void, accept = ''): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  input.onchange = () => then([...(input.files ?? [])]);
  input.click();
}
