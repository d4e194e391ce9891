/**
 * The parquet files of a data set: GET /parquet?dataset=owner/name of the hub's dataset viewer
 * (huggingface.co/docs/dataset-viewer/parquet), which converts every public image data set.
 */
import { z } from 'zod';
import { DataFileError, quote } from '../../error';
import type { PartName } from '../../parts';
import { fetchJson, hostOf, type Requests } from './request';

/** Owner and name, or a name alone as the oldest data sets have: letters, digits, "-", "_" and ".". */
const hubName = /^[\w-][\w.-]{0,95}(\/[\w-][\w.-]{0,95})?$/;

const listSchema = z.object({
  parquet_files: z
    .array(
      z.object({
        config: z.string().max(200),
        split: z.string().max(200),
        url: z.url({ protocol: /^https?$/ }).max(2000),
        size: z
          .int()
          .min(12)
          .max(2 ** 40),
      }),
    )
    .max(100_000),
});

export interface HubFile {
  url: string;
  size: number;
}
export interface Subset {
  name: string;
  /** Files of each split that has a part to play, in the order of the hub. */
  splits: { part: PartName; split: string; files: HubFile[] }[];
}

/** How much a split's name suits the part; the first match wins. Partly converted ones are called partial-train. */
const roles: Record<PartName, RegExp> = {
  train: /^(partial-)?train(ing)?$/i,
  validation: /^(partial-)?(val|valid|validation|dev)$/i,
  test: /^(partial-)?test(ing)?$/i,
};

/** The hub's name of a data set, from what a person typed or pasted. Throws DataFileError. */
export function hubNameOf(text: string): string {
  const name = text
    .trim()
    .replace(/^https?:\/\/[^/]+\/datasets\//, '')
    .replace(/[/?#]+$/, '');
  if (!hubName.test(name))
    throw new DataFileError(
      `${quote(text)} is no name of a data set: write it as the hub does, owner/name, for example ylecun/mnist.`,
    );
  return name;
}

/** The subsets of a data set that can be trained on, the default one first. Throws DataFileError. */
export async function listSubsets(hub: string, requests: Requests): Promise<Subset[]> {
  const { name } = requests;
  const address = `${hub.replace(/\/+$/, '')}/parquet?dataset=${encodeURIComponent(name)}`;
  const read = listSchema.safeParse(await fetchJson(address, requests));
  if (!read.success)
    throw new DataFileError(
      `${quote(name)} cannot be looked up: ${hostOf(address)} answers with something that is no list of files; try again later.`,
    );
  const byName = new Map<string, Map<string, HubFile[]>>();
  for (const { config, split, url, size } of read.data.parquet_files) {
    const splits = byName.get(config) ?? new Map<string, HubFile[]>();
    byName.set(config, splits);
    splits.set(split, [...(splits.get(split) ?? []), { url, size }]);
  }
  const subsets = [...byName].map(([subset, splits]) => ({ name: subset, splits: partsOf(splits) }));
  const usable = subsets.filter(({ splits }) => splits.length > 0);
  if (usable.length === 0)
    throw new DataFileError(
      `${quote(name)} has no parquet files on the hub that could be read: choose another data set.`,
    );
  return usable.sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default'));
}

/** A split for each part. What is there without training examples of that name trains; a validation split alone tests. */
function partsOf(splits: Map<string, HubFile[]>): Subset['splits'] {
  const find = (part: PartName) => [...splits.keys()].find((split) => roles[part].test(split));
  const train = find('train') ?? [...splits.keys()][0];
  const validation = find('validation');
  const test = find('test');
  const chosen: [PartName, string | undefined][] = test
    ? [
        ['train', train],
        ['validation', validation],
        ['test', test],
      ]
    : [
        ['train', train],
        ['test', validation],
      ];
  const used = new Set<string>();
  return chosen.flatMap(([part, split]) => {
    if (split === undefined || used.has(split)) return [];
    used.add(split);
    return [{ part, split, files: splits.get(split)! }];
  });
}
