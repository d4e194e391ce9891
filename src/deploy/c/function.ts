/** One of the C functions that exported networks call, and their names. */

export interface CFunction {
  /** Those that it calls. */
  needs: readonly FunctionName[];
  code: string;
}

export type RecurrentFunction = 'bring' | 'recurrent' | 'gru' | 'lstm';
export type SequenceFunction = 'packed' | 'embedding' | 'positions' | 'layerNorm' | 'attention';
export type FunctionName =
  | 'rescale'
  | 'store'
  | 'load'
  | 'weight'
  | 'product'
  | 'windows'
  | 'dense'
  | 'conv2d'
  | 'depthwise'
  | 'maxPool'
  | 'averagePool'
  | 'add'
  | RecurrentFunction
  | SequenceFunction;
