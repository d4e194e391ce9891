/** Where a network has gone bad. */
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '@/model/network';
import type { Batch } from './batches';
import type { Twin } from './twins';

/** The first layer, in order, whose weights or outputs for this batch are not finite; the last layer if none is. */
export async function firstBrokenLayer(
  network: Network,
  { variables, pass }: Twin,
  batch: Batch,
): Promise<string> {
  const seen: string[] = [];
  const finite = tf.tidy(() => {
    const found: tf.Tensor[] = [];
    network.forward(variables, batch.x, {
      ...pass,
      observe: false,
      training: false,
      visit: (layer, output) => {
        const own = [...variables].filter(([key]) => key.startsWith(`${layer}/`));
        for (const tensor of [output, ...own.map(([, variable]) => variable)])
          found.push(tf.all(tf.isFinite(tensor)));
        seen.push(...new Array<string>(own.length + 1).fill(layer));
      },
    });
    return tf.stack(found);
  });
  const flags = await finite.data();
  finite.dispose();
  return seen[flags.indexOf(0)] ?? network.plan.layers.at(-1)!.name;
}
