/** A stand-in for the Hugging Face hub: parquet files as the hub's own converter writes them, and its list of them. */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

export interface Rows {
  /** Encoded images. */
  images: Uint8Array[];
  /** Class numbers, or words. */
  labels: (number | string | null)[];
}

interface Shape {
  /** Names of the classes, which the file then says of its label column. */
  classNames?: string[];
  imageColumn?: string;
  /** Another column, or none. */
  labelColumn?: string | null;
  rowGroupSize?: number;
}

/** A parquet file with an image column of {bytes, path} and a column of labels. */
export function parquet(
  { images, labels }: Rows,
  { classNames, imageColumn = 'image', labelColumn = 'label', rowGroupSize = 100 }: Shape = {},
): Uint8Array<ArrayBuffer> {
  const words = labels.some((label) => typeof label === 'string');
  const data = words ? labels : labels.map((label) => (label === null ? null : BigInt(label as number)));
  const columnData: ColumnSource[] = [
    { name: imageColumn, data: images.map((bytes) => ({ bytes, path: null })) },
    ...(labelColumn === null ? [] : [{ name: labelColumn, data: data as string[] }]),
  ];
  const features = {
    [imageColumn]: { _type: 'Image' },
    ...(labelColumn !== null && classNames
      ? { [labelColumn]: { names: classNames, _type: 'ClassLabel' } }
      : {}),
  };
  return new Uint8Array(
    parquetWriteBuffer({
      columnData,
      schema: [
        { name: 'root', num_children: columnData.length },
        { name: imageColumn, num_children: 2, repetition_type: 'OPTIONAL' },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        ...(labelColumn === null
          ? []
          : [
              words
                ? ({
                    name: labelColumn,
                    type: 'BYTE_ARRAY',
                    converted_type: 'UTF8',
                    repetition_type: 'OPTIONAL',
                  } as const)
                : ({ name: labelColumn, type: 'INT64', repetition_type: 'OPTIONAL' } as const),
            ]),
      ],
      rowGroupSize,
      kvMetadata: [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }],
    }),
  );
}

/** Paths of files, as the list names them: subset/split/0000.parquet. */
export type HubFiles = Readonly<Record<string, Uint8Array>>;

/** What GET /parquet?dataset=name answers. */
export const listOf = (name: string, files: HubFiles, address: string) => ({
  parquet_files: Object.entries(files).map(([path, bytes]) => {
    const [config, split, filename] = path.split('/');
    return { dataset: name, config, split, url: `${address}/${path}`, filename, size: bytes.length };
  }),
  pending: [],
  failed: [],
  partial: false,
});

/** The answer to a request for a range of a file. */
export function partOf(bytes: Uint8Array, range: string | null | undefined): Uint8Array {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return start === undefined ? bytes : bytes.subarray(Number(start), Number(end) + 1);
}
