/** quantizeMx and its gradient in WebAssembly (../assembly/quantizeFloat.ts). */
import { type BlockFormat, floatFormats, inputAxis, maxExponent } from '@/catalog/formats';
import { type Implementation, lastAxis } from '../definition';
import { formatArguments } from '../quantizeFloat/wasm';
import { address, launch, output } from '../wasm';

/** What the WebAssembly kernels take after the addresses. */
const blockArguments = ({ element, blockSize }: BlockFormat, shape: readonly number[]): number[] => {
  const { outer, length } = inputAxis(shape);
  const format = floatFormats[element];
  return [outer, length, lastAxis(shape), blockSize, maxExponent(format), ...formatArguments(format)];
};

export const quantizeMxWasm =
  (format: BlockFormat): Implementation<'x' | 'settings'> =>
  ({ inputs: { x, settings } }) => {
    const q = output(x.shape);
    launch('quantizeMx', address(x), address(settings), address(q), ...blockArguments(format, x.shape));
    return q;
  };

export const quantizeMxGradientWasm =
  (format: BlockFormat): Implementation<'dq' | 'x' | 'settings'> =>
  ({ inputs: { dq, x, settings } }) => {
    const dx = output(x.shape);
    launch(
      'quantizeMxGradient',
      address(dq),
      address(x),
      address(settings),
      address(dx),
      ...blockArguments(format, x.shape),
    );
    return dx;
  };
