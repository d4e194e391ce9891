/** Ways in which inputs get worse by degrees; src/data/corrupt.ts makes them. */
import type { DatasetView } from './datasets';

interface Corruption {
  label: string;
  unit: string;
  help: string;
  /** From none to a lot. */
  levels: readonly number[];
  /** Kinds of data that it means something for. */
  views: readonly DatasetView[];
}

const images = ['images'] as const;
export const corruptions = {
  noise: {
    label: 'Noise',
    unit: '',
    help: 'Gaussian noise of this standard deviation is added to every input; an image’s values run from 0 to 1.',
    levels: [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4],
    views: ['images', 'points', 'table'],
  },
  blur: {
    label: 'Blur',
    unit: 'px',
    help: 'A Gauss filter of this standard deviation, in pixels.',
    levels: [0, 0.5, 1, 1.5, 2, 3],
    views: images,
  },
  contrast: {
    label: 'Lost contrast',
    unit: '%',
    help: 'Every value is brought this far towards the mean of its image.',
    levels: [0, 0.25, 0.5, 0.7, 0.85, 0.95],
    views: images,
  },
  rotation: {
    label: 'Rotation',
    unit: '°',
    help: 'The image is turned about its centre by this angle.',
    levels: [0, 5, 10, 15, 20, 30],
    views: images,
  },
} as const satisfies Record<string, Corruption>;
export type CorruptionName = keyof typeof corruptions;

export const corruptionsFor = (view: DatasetView): CorruptionName[] =>
  (Object.keys(corruptions) as CorruptionName[]).filter((name) =>
    (corruptions[name].views as readonly DatasetView[]).includes(view),
  );
