/** Writes everything that a trained network can be saved as into a folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExporterName, exporters } from '@/catalog/exporters';
import { exporterOf } from '@/deploy/exporters';
import { NoIntegerForm } from '@/deploy/program';
import { ExportRefused } from '@/deploy/refusal';
import { experimentToFile } from '@/experiment/file';
import type { Experiment } from '@/experiment/schema';
import { fileStem } from '@/experiment/summary';
import { trainedOf } from '@/session/deployDesk';
import type { Trainer } from '@/session/trainer';

/**
 * @param folder which is there; files of the same names are replaced
 * @param tell hears what was written, and what the network has no form for and why
 * @throws Error of the file system
 */
export async function exportAll(
  trainer: Trainer,
  experiment: Experiment,
  folder: string,
  tell: (sentence: string) => void,
): Promise<void> {
  const trained = await trainedOf(trainer, experiment);
  const write = (ending: string, content: string | Uint8Array) => {
    const path = join(folder, `${fileStem(experiment)}${ending}`);
    writeFileSync(path, content);
    tell(`wrote ${path}, ${content.length} bytes`);
  };
  write('.json', experimentToFile(experiment));
  for (const name of Object.keys(exporters) as ExporterName[]) {
    const { label, ending } = exporters[name];
    try {
      write(ending, await exporterOf(name)(trained));
    } catch (error) {
      if (!(error instanceof NoIntegerForm || error instanceof ExportRefused)) throw error;
      tell(`no ${label}: ${error.message}`);
    }
  }
}
