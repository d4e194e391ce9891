/** Row-major tensors in the layouts of other programs. */
import { volume } from '@/catalog/layers';

/** A tensor with its axes in another order. */
export function permuted<T extends Int16Array | Float32Array>(
  values: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const strides = shape.map((_, axis) => volume(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis]!);
  return values.map((_, i) => {
    let at = 0;
    for (let axis = to.length - 1, rest = i; axis >= 0; axis--) {
      at += (rest % to[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / to[axis]!);
    }
    return values[at]!;
  }) as T;
}
