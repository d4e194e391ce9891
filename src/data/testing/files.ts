/** Files for the tests, written byte by byte. */

/** An IDX file of these dimensions; whether the values are as many is up to the test. */
export function idx(dims: number[], values: ArrayLike<number>, type = 8): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + 4 * dims.length + values.length);
  file.set([0, 0, type, dims.length]);
  const view = new DataView(file.buffer);
  dims.forEach((dim, i) => {
    view.setUint32(4 + 4 * i, dim);
  });
  file.set(values, 4 + 4 * dims.length);
  return file;
}
