/** The messages about own data: reading files, looking up and fetching data sets of the hub. Part of the protocol's unions. */
import type { OwnSpec } from '@/catalog/datasets';
import type { Dataset } from '@/data/dataset';
import type { HubChoice, HubOffer } from '@/data/loaders/hub/offer';
import type { LoadingProgress } from '@/data/loaders/progress';

/** Height and width that images are brought to. */
export interface ImageSize {
  height: number;
  width: number;
}

export type LoadingCommand =
  /**
   * Read the files; answered by `opened`, `columns`, `cancelled` or `failed`. `paths` say where in a chosen folder each
   * file lies (a File loses that on its way to a worker), and stand for the files in errors.
   */
  | {
      type: 'open';
      request: number;
      files: File[];
      paths: string[];
      labelColumn?: number;
      size?: ImageSize;
    }
  /** Ask the hub what it has; answered by `offered`, `cancelled` or `failed`. */
  | { type: 'lookUp'; request: number; hub: string; choice: HubChoice }
  /** Download and decode; answered by `opened`, `cancelled` or `failed`. */
  | { type: 'fetch'; request: number; hub: string; choice: HubChoice; size?: ImageSize }
  /** Stop working on a request; it is answered by `cancelled` unless its answer is on the way. */
  | { type: 'cancel'; request: number };

export type LoadingEvent =
  | { type: 'opened'; request: number; spec: OwnSpec; dataset: Dataset }
  | { type: 'columns'; request: number; name: string; columns: string[]; sample: string[][] }
  | { type: 'offered'; request: number; offer: HubOffer }
  | { type: 'cancelled'; request: number }
  /** Not an answer: more follows. */
  | { type: 'progress'; request: number; progress: LoadingProgress };
