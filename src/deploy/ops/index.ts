/** The registry of operations: one file for each kind, with its meaning and its evaluation. */
import { type AddOp, add } from './add';
import { type AttentionOp, attention } from './attention';
import { type AveragePoolOp, averagePool } from './averagePool';
import { type Conv2dOp, conv2d } from './conv2d';
import { type DenseOp, dense } from './dense';
import { type DepthwiseConv2dOp, depthwiseConv2d } from './depthwiseConv2d';
import { type EmbeddingOp, embedding } from './embedding';
import { type GruOp, gru } from './gru';
import { type LayerNormOp, layerNorm } from './layerNorm';
import { type LstmOp, lstm } from './lstm';
import { type MaxPool2dOp, maxPool2d } from './maxPool2d';
import type { Common, OpKindOf } from './op';
import { type PositionsOp, positions } from './positions';

export type { Memory, Products, Windows } from './op';
export type { RecurrentOp } from './recurrent';
export type {
  AddOp,
  AttentionOp,
  AveragePoolOp,
  Conv2dOp,
  DenseOp,
  DepthwiseConv2dOp,
  EmbeddingOp,
  GruOp,
  LayerNormOp,
  LstmOp,
  MaxPool2dOp,
  PositionsOp,
};

export type Op =
  | DenseOp
  | Conv2dOp
  | DepthwiseConv2dOp
  | MaxPool2dOp
  | AveragePoolOp
  | AddOp
  | GruOp
  | LstmOp
  | EmbeddingOp
  | PositionsOp
  | LayerNormOp
  | AttentionOp;
export type OpKind = Op['kind'];

export const opKinds = {
  dense,
  conv2d,
  depthwiseConv2d,
  maxPool2d,
  averagePool,
  add,
  gru,
  lstm,
  embedding,
  positions,
  layerNorm,
  attention,
} satisfies { [K in OpKind]: OpKindOf<Extract<Op, { kind: K }>> };

/** The kind of an operation, typed for any. */
export const opKindOf = (op: Op): OpKindOf<Common> => opKinds[op.kind] as unknown as OpKindOf<Common>;

/** Indices of the values that an operation reads. */
export const readsOf = (op: Op): readonly number[] => opKindOf(op).reads?.(op) ?? [op.input];

/** Indices of values that an operation needs only while it runs. */
export const scratchOf = (op: Op): readonly number[] => opKindOf(op).scratch?.(op) ?? [];

/** int32 that an operation adds to its sums, by the names of an export. */
export function biasesOf(op: Op): Readonly<Record<string, Int32Array>> {
  const kind = opKindOf(op);
  if (kind.biases) return kind.biases(op);
  return 'biases' in op && kind.weights?.(op).length ? { biases: op.biases } : {};
}
