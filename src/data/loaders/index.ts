/** The formats of own files, each with its loader. Those with the surest signs are asked first. */
import type { OwnSpec } from '@/catalog/datasets';
import { cifar } from './cifar';
import { csv } from './csv';
import { idx } from './idx';
import { images } from './images';
import type { Loader } from './loader';

/** The hub is no file: src/data/loaders/hub. */
export const loaders = { cifar, images, csv, idx } satisfies Record<
  Exclude<OwnSpec['format'], 'hub'>,
  Loader
>;
