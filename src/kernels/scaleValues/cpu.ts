/** scaleValues in JavaScript, rounded to float32. */
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';

export const scaleValuesCpu: Implementation<'x' | 'params'> = ({ inputs: { x, params }, backend }) => {
  const scales = floats(backend, params);
  const channels = params.shape[1]!;
  return result(
    backend,
    x.shape,
    floats(backend, x).map((value, i) => value * scales[i % channels]!),
  );
};
