/** What the parity report holds: plain data, for engine and page. src/deploy/parity.ts makes it. */

/** How one layer's outputs differ from those of the integer engine. */
export interface Difference {
  /** The largest, in steps of the layer's grid. */
  lsb: number;
  /** How many outputs differ at all. */
  outputs: number;
}

export interface LayerParity {
  name: string;
  /** Of the output; 32 for logits, whose step is 2^-12. */
  bits: number;
  /** Outputs compared. */
  outputs: number;
  evaluation: Difference;
  training: Difference;
}

export interface Parity {
  samples: number;
  layers: LayerParity[];
  /** Fractions of the examples answered rightly. */
  accuracy: { integer: number; evaluation: number; training: number };
  /** Examples whose answer differs from the integer engine's. */
  mismatches: { evaluation: number; training: number };
  /** What had to stay float. */
  floats: readonly string[];
  /** Time of the engine for one example in batches, in ms: the median over these. */
  engineMs: number;
}
