/** Exporters: from a trained run to the bytes of one file. One entry for each of the catalog's. */
import { strToU8, zipSync } from 'fflate';
import type { ExporterName } from '@/catalog/exporters';
import { encodeLink } from '@/experiment/link';
import { resolveNetwork } from '@/experiment/network';
import { summaryOf } from '@/experiment/summary';
import { exportC } from './c';
import { integerWeights } from './integerWeights';
import { toOnnx } from './onnx';
import { toPyTorch } from './pytorch';
import { safeTensor, writeSafetensors } from './safetensors';
import type { Trained } from './trained';

type Exporter = (trained: Trained) => Promise<Uint8Array> | Uint8Array;

/** What every file says about where it comes from. */
export const notesOf = ({ experiment, step }: Trained): Record<string, string> => ({
  producer: 'QAT Playground',
  experiment: summaryOf(experiment),
  step: String(step),
  link: `#${encodeLink(experiment)}`,
});

function floatWeights(trained: Trained): Uint8Array {
  const tensors = resolveNetwork(trained.settings).flatMap((layer) =>
    layer.tensors.flatMap(({ name, shape }) =>
      (['qat', 'float'] as const).map((network) =>
        safeTensor(
          `${network}.${layer.name}.${name}`,
          shape,
          trained.tensors[`${network}/${layer.name}/${name}`]!,
        ),
      ),
    ),
  );
  return writeSafetensors(tensors, notesOf(trained));
}

export const exporters = {
  onnx: async (trained) => toOnnx(await trained.program(), 'int8', notesOf(trained)),
  onnx4: async (trained) => toOnnx(await trained.program(), 'int4', notesOf(trained)),
  onnxQdq: async (trained) => toOnnx(await trained.program(), 'qdq', notesOf(trained)),
  qonnx: async (trained) => toOnnx(await trained.program(), 'qonnx', notesOf(trained)),
  pytorch: (trained) => toPyTorch(trained, notesOf(trained)),
  c: async (trained) => {
    const { files } = exportC(await trained.program(), summaryOf(trained.experiment));
    // A fixed date, so that the same network gives the same bytes.
    const mtime = new Date(2000, 0, 1);
    return zipSync(Object.fromEntries(files.map(({ name, text }) => [name, [strToU8(text), { mtime }]])));
  },
  weightsInteger: async (trained) => integerWeights(await trained.program(), notesOf(trained)),
  weightsFloat: floatWeights,
} satisfies Record<ExporterName, Exporter>;

export const exporterOf = (name: ExporterName): Exporter => exporters[name];
