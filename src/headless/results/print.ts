/** Runs the rows of a table and prints them as Markdown, with the links that reproduce them. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { encodeLink } from '@/experiment/link';
import type { Experiment } from '@/experiment/schema';
import { DivergedError, runExperiment } from '../experiment';
import { cell } from '../sums';
import type { Row, Table } from './rows';
import { SharedRuns } from './sharing';

const firstSeed = 1;

/** What a run comes to. */
interface Outcome {
  link: string;
  float: number;
  ptq: number;
  qat: number;
  bytes: number;
}

/** Finished runs in a file of JSON lines, so that a table that was interrupted goes on; without a file nothing is kept. */
class Finished {
  private readonly outcomes = new Map<string, Outcome>();
  constructor(private readonly path: string | undefined) {
    if (path === undefined || !existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n'))
      if (line) this.take(JSON.parse(line) as Outcome);
  }
  private take(outcome: Outcome): void {
    this.outcomes.set(outcome.link, outcome);
  }
  get(link: string): Outcome | undefined {
    return this.outcomes.get(link);
  }
  add(outcome: Outcome): void {
    this.take(outcome);
    if (this.path !== undefined) appendFileSync(this.path, `${JSON.stringify(outcome)}\n`);
  }
}

/** A row's run of one seed, with its link. */
const runOf = ({ experiment, steps }: Row, seed: number): { run: Experiment; link: string } => {
  const run = { ...experiment, seed, stop: { steps } };
  return { run, link: encodeLink(run) };
};

/**
 * Prints a table, then the links of its first seed. Runs are taken seed by seed, so that rows share what is the same.
 * @param keep a file of finished runs, read and added to
 * @throws DivergedError if a loss is no longer finite
 */
export async function printTable({ rows, dataset }: Table, seeds: number, keep?: string): Promise<void> {
  const finished = new Finished(keep);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const shared = new SharedRuns();
    for (const row of rows) {
      const { run, link } = runOf(row, seed);
      if (finished.get(link)) continue;
      const start = performance.now();
      try {
        const { float, ptq, qat, bytes } = await runExperiment(
          run,
          dataset(seed),
          row.steps,
          undefined,
          shared.of(run, row.steps),
        );
        finished.add({
          link,
          float: float.accuracy,
          ptq: ptq.accuracy,
          qat: qat.accuracy,
          bytes: bytes.quantized,
        });
        const seconds = Math.round((performance.now() - start) / 1000);
        console.error(`${row.name}, seed ${seed}: ${cell([qat.accuracy])} % after ${seconds} s`);
      } catch (error) {
        if (!(error instanceof DivergedError)) throw error;
        throw new DivergedError(`${row.name}, seed ${seed}: ${error.message}`);
      }
    }
  }
  print(rows, seeds, finished);
}

function print(rows: readonly Row[], seeds: number, finished: Finished): void {
  const references = rows.some(({ reference }) => reference !== undefined);
  const columns = ['', 'float %', 'PTQ %', 'QAT %', 'model bytes', ...(references ? ['reference'] : [])];
  console.log(line(columns));
  console.log(`|${'---|'.repeat(columns.length)}`);
  for (const row of rows) {
    const outcomes = Array.from(
      { length: seeds },
      (_, index) => finished.get(runOf(row, firstSeed + index).link)!,
    );
    const of = (name: 'float' | 'ptq' | 'qat') => cell(outcomes.map((outcome) => outcome[name]));
    const bytes = [...new Set(outcomes.map((outcome) => outcome.bytes))];
    const size = bytes.length === 1 ? bytes[0]! : `${Math.min(...bytes)} to ${Math.max(...bytes)}`;
    console.log(
      line([row.name, of('float'), of('ptq'), of('qat'), size, ...(references ? [row.reference ?? ''] : [])]),
    );
  }
  console.log('\n<details><summary>The experiments, seed 1</summary>\n\n```');
  for (const row of rows) console.log(`${row.name}  #${runOf(row, firstSeed).link}`);
  console.log('```\n\n</details>');
}

const line = (cells: readonly (string | number)[]): string =>
  `| ${cells.join(' | ')} |`.replace('|  |', '| |');
