/** softmaxCrossEntropy in WebAssembly (../assembly/loss.ts). */
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const softmaxCrossEntropyWasm: Implementation<'logits' | 'labels'> = ({
  inputs: { logits, labels },
}) => {
  const [batch, classes] = logits.shape as [number, number];
  const loss = output([]);
  launch('softmaxCrossEntropy', address(logits), address(labels), address(loss), batch, classes);
  return loss;
};

export const softmaxCrossEntropyGradientWasm: Implementation<'dy' | 'logits' | 'labels'> = ({
  inputs: { dy, logits, labels },
}) => {
  const [batch, classes] = logits.shape as [number, number];
  const gradient = output(logits.shape);
  launch(
    'softmaxCrossEntropyGradient',
    address(dy),
    address(logits),
    address(labels),
    address(gradient),
    batch,
    classes,
  );
  return gradient;
};
