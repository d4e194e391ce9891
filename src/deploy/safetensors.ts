/**
 * Safetensors files: 8 bytes with the header's length, the header as JSON, then the tensors one after the other
 * (https://huggingface.co/docs/safetensors, format version of 2023). Little-endian.
 */

const types = { F32: 4, I64: 8, I32: 4, I16: 2, U8: 1, I8: 1 } as const;
export type SafeType = keyof typeof types;

export interface SafeTensor {
  name: string;
  type: SafeType;
  shape: readonly number[];
  /** As many bytes as type and shape say. */
  bytes: Uint8Array;
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A tensor of a typed array. */
export function safeTensor(
  name: string,
  shape: readonly number[],
  values: Float32Array | Int32Array | Int16Array | Uint8Array | Int8Array,
): SafeTensor {
  const type =
    values instanceof Float32Array
      ? 'F32'
      : values instanceof Int32Array
        ? 'I32'
        : values instanceof Int16Array
          ? 'I16'
          : values instanceof Int8Array
            ? 'I8'
            : 'U8';
  return { name, type, shape, bytes: bytesOf(values) };
}

/** @param notes free text; values are strings, as the format has it @throws if a tensor's bytes do not fit its shape */
export function writeSafetensors(
  tensors: readonly SafeTensor[],
  notes: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(notes).length > 0 ? { __metadata__: notes } : {};
  // Wide elements first, so that each lies at a multiple of its size.
  const ordered = tensors.toSorted((a, b) => types[b.type] - types[a.type]);
  let end = 0;
  for (const { name, type, shape, bytes } of ordered) {
    const expected = types[type] * shape.reduce((product, size) => product * size, 1);
    if (bytes.length !== expected || Object.hasOwn(header, name))
      throw new Error(`The tensor ${name} has ${bytes.length} bytes, or its name stands twice.`);
    header[name] = { dtype: type, shape: [...shape], data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + length + end).fill(32, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  let at = 8 + length;
  for (const { bytes } of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
