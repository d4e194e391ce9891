/**
 * ONNX export of an integer program. Input [N, ...shape] float32 as the playground has its examples (NHWC, bytes / 255),
 * output "logits" [N, classes] float32. Feed-forward networks are float operators between QuantizeLinear and DequantizeLinear
 * (./translate.ts); a network with any other operation or with a function in a table is whole numbers throughout (./exact),
 * which give the integer engine's logits to the bit, or where it is asked for ONNX's own operators (./standard.ts). docs/deploy/exports.md says where runtimes round differently.
 */
import type { Op } from '../ops';
import type { Program } from '../program';
import { ExportRefused } from '../refusal';
import { exactTranslators, putInput } from './exact';
import { Graph } from './graph';
import { encodeModel } from './model';
import { standardTranslators } from './standard';
import { type OnnxStyle, onnxStyles, type Style } from './styles';
import { translators } from './translate';
import { Translation, type Translators, translatorOf } from './translation';

export { type OnnxStyle, onnxStyles } from './styles';

/**
 * @param notes free text kept in the file
 * @throws ExportRefused where weights leave the types of ONNX, or ONNX's own operators are asked for and none rounds inside
 */
export function toOnnx(
  program: Program,
  name: OnnxStyle = 'int8',
  notes: Readonly<Record<string, string>> = {},
): Uint8Array {
  const style: Style = onnxStyles[name];
  const graph = new Graph();
  const input = program.values[program.input]!;
  const [inputName, outputName] = [graph.name('input'), graph.name('logits')];
  const to = new Translation(graph, style, program);
  const exact = !style.standard && program.ops.some((op) => !hasFloatForm(op));
  const registry = exact ? exactTranslators : standardTranslators;
  if (exact) putInput(to, inputName);
  else to.put(program.input, inputName, 'rows', input.shape);
  for (const op of program.ops) translate(to, op, registry);
  const { shape } = program.values[program.output]!;
  const logits = to.rows(program.output, shape);
  graph.nodes.push({ type: 'Identity', inputs: [logits], outputs: [outputName] });
  return encodeModel({
    ir: style.ir,
    opsets: style.opsets,
    name: 'qat_playground',
    inputs: [{ name: inputName, element: 'float32', dims: ['N', ...input.shape] }],
    outputs: [{ name: outputName, element: 'float32', dims: ['N', ...shape] }],
    nodes: graph.nodes,
    tensors: graph.tensors,
    notes,
  });
}

/** Whether an operation has a form of float operators between QuantizeLinear and DequantizeLinear. */
const hasFloatForm = (op: Op): boolean =>
  translatorOf(translators, op) !== undefined && !('rescale' in op && op.rescale?.table);

function translate(to: Translation, op: Op, registry: Translators): void {
  const translator = translatorOf(registry, op);
  if (!translator)
    throw new ExportRefused(
      `ONNX’s own ${op.kind.toUpperCase()} rounds nothing inside, so that ${op.layer} would be another layer: save it as ONNX of whole numbers or C.`,
    );
  translator(to, op);
}
