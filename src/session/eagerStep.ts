/** One step of a network as tfjs takes it, operation by operation: what a recording is made from and checked against. */
import * as tf from '@tensorflow/tfjs-core';
import type { Experiment } from '@/experiment/schema';
import { advanceClock } from '@/kernels/quantizeByRule';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import type { Network } from '@/model/network';
import { type Pass, plainPass } from '@/model/pass';
import type { Batch } from './batches';
import { distilled } from './distill';
import type { EagerStep } from './recorded';
import { type TwinName, type Twins, trainedOf } from './twins';

/** What a step reads of its run. */
export interface Around {
  readonly network: Network;
  readonly twins: Twins;
  /** [1]: share of a new batch in batch norm's running statistics. */
  readonly momentum: tf.Tensor1D;
  /** The settings in force now. */
  readonly present: Experiment;
}

/** What the QAT network's layers take no part in: observing, or training at all. */
const holding = ({ held, observers }: Experiment): Partial<Pass> => ({
  ...(observers === 'frozen' ? { observe: false } : {}),
  ...(held ? { held: new Set(held) } : {}),
});

/** The float twin's logits for a batch, where the QAT network learns from them. */
function teach({ network, twins, present }: Around, { x }: Batch): tf.Tensor | undefined {
  if (!present.distillation) return undefined;
  return network.forward(twins.float.variables, x, plainPass);
}

/**
 * Mean cross-entropy of logits [..., classes] against a batch's labels, those of a sequence position by position.
 * @param teacher logits that they are drawn to
 */
function loss(
  logits: tf.Tensor,
  { y }: Batch,
  { distillation }: Experiment,
  teacher: tf.Tensor | undefined,
): tf.Scalar {
  const classes = logits.shape.at(-1)!;
  const rows = tf.reshape(logits, [-1, classes]) as tf.Tensor2D;
  const own = softmaxCrossEntropy(rows, y);
  return distillation && teacher
    ? distilled(own, rows, tf.reshape(teacher, [-1, classes]) as tf.Tensor2D, y, distillation)
    : own;
}

export function eagerStepOf(name: TwinName, around: Around): EagerStep {
  const { network, twins, momentum } = around;
  const { variables, optimizer, pass, clock, learned, oscillations } = twins[name];
  const tap = oscillations ? { tap: oscillations.tap } : {};
  const isQat = name === 'qat';
  return {
    differentiate: (batch) => {
      const { present } = around;
      const list = [...trainedOf(variables).values(), ...(learned?.variables ?? [])];
      const norm = present.batchNorm === 'batch' ? { norm: momentum } : {};
      const seen: Pass = { ...pass, ...tap, ...norm, ...(isQat ? holding(present) : {}) };
      const teacher = isQat ? teach(around, batch) : undefined;
      return tf.variableGrads(
        () => loss(network.forward(variables, batch.x, seen), batch, present, teacher),
        list,
      );
    },
    update: (grads) => {
      const { held = [] } = isQat ? around.present : {};
      const stays = (key: string) => held.includes(key.slice(0, key.indexOf('/')));
      optimizer.step(oscillations?.damp(grads, variables, clock) ?? grads, stays);
      learned?.step(grads, stays);
      oscillations?.track(variables);
      advanceClock(clock);
    },
    end: () => oscillations?.release(),
  };
}
