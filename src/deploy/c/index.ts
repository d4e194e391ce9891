/**
 * The C99 export: a header with the packed weights and one small source that runs a program on them, and an example that
 * reads samples and prints predictions. Integers only, no library but <stdint.h>, no malloc. Every identifier is ours: what
 * people name appears in a comment alone, and there made harmless.
 */
import { volume } from '@/catalog/layers';
import { opKindOf } from '../ops';
import type { CNames, CType } from '../ops/op';
import { planMemory } from '../plan';
import type { Program, StepTable } from '../program';
import { codeOf } from './functions';
import { commentOf, fileStemOf } from './names';

export interface CFile {
  name: string;
  text: string;
}

export interface CExport {
  /** Header, source and example, in this order. */
  files: readonly [CFile, CFile, CFile];
  /** Bytes of constant data: packed weights, biases, multipliers and shifts. */
  flashData: number;
  /** Bytes of the block that values live in; the input is the caller's. */
  ram: number;
}

/** An array's elements in lines. */
function listed(values: ArrayLike<number>): string {
  const lines: string[] = [];
  for (let from = 0; from < values.length; from += 24)
    lines.push(
      `  ${Array.from(values)
        .slice(from, from + 24)
        .join(', ')},`,
    );
  return lines.join('\n');
}

/** Constant arrays, each content once. */
class Data {
  bytes = 0;
  private readonly declared = new Map<string, string>();

  array(type: CType, values: ArrayLike<number>): string {
    // INT32_MIN has no literal of its own type.
    const body = listed(values).replaceAll('-2147483648', '(-2147483647 - 1)');
    const declaration = `[${values.length}] = {\n${body}\n};`;
    const key = `${type} ${declaration}`;
    const known = this.declared.get(key);
    if (known) return known;
    const name = `qat_data_${this.declared.size}`;
    this.declared.set(key, name);
    this.bytes += values.length * { uint8_t: 1, int16_t: 2, uint16_t: 2, int32_t: 4 }[type];
    return name;
  }

  get code(): string {
    return [...this.declared]
      .map(([key, name]) => {
        const [type, ...rest] = key.split(' ');
        return `static const ${type} ${name}${rest.join(' ')}`;
      })
      .join('\n');
  }
}

/** @param name of the experiment, in any characters */
export function exportC(program: Program, name: string): CExport {
  const data = new Data();
  const structs: string[] = [];
  const struct = (type: string, body: string): string => {
    const at = `qat_op_${structs.length}`;
    structs.push(`static const ${type} ${at} = {${body}};`);
    return at;
  };
  const plan = planMemory(program);
  const { values } = program;
  const wide = (index: number) => Number(values[index]!.bits === 32 && index !== program.input);
  const stepsOf = ({ starts, values: levels }: StepTable) =>
    struct(
      'qat_steps',
      `${data.array('int16_t', starts)}, ${data.array('uint8_t', levels)}, ${starts.length}`,
    );
  const rescaleBody: (by: Parameters<CNames['rescale']>[0]) => string = (by) => {
    const count = by.shifts.length;
    const spread = (factors: Int32Array) =>
      factors.length === count ? factors : new Int32Array(count).fill(factors[0]!);
    const [first, second] = by.multipliers;
    return [
      `{${data.array('int32_t', spread(first!))}`,
      second ? data.array('int32_t', spread(second)) : '0',
      data.array('uint8_t', by.shifts),
      by.table ? `&${stepsOf(by.table)}` : '0',
      count > 1 ? 1 : 0,
      by.zeroPoint,
      by.low,
      `${by.high}}`,
    ].join(', ');
  };
  const names: CNames = {
    value: (index) =>
      index === program.input
        ? 'input'
        : wide(index)
          ? `(arena + ${plan.offsets[index]! / 4})`
          : `((uint8_t *)arena + ${plan.offsets[index]})`,
    wide: (index) => `${wide(index)}`,
    zeroPoint: (index) => `${values[index]!.grid.zeroPoint}`,
    count: (index) => volume(values[index]!.shape),
    channels: (index) => values[index]!.shape.at(-1) ?? 1,
    rescale: (by) => struct('qat_rescale', rescaleBody(by).slice(1, -1)),
    products: (op) => {
      const weights = program.weights[op.weights]!;
      return struct(
        'qat_product',
        [
          data.array('uint8_t', weights.packed),
          data.array('int32_t', op.biases),
          op.rescale ? rescaleBody(op.rescale) : '{0, 0, 0, 0, 0, 0, 0, 0}',
          weights.bits,
          Number(weights.encoding === 'odd'),
          values[op.input]!.grid.zeroPoint,
          Number(op.rescale !== undefined),
          wide(op.output),
        ].join(', '),
      );
    },
    weights: (index) => {
      const { packed, bits, encoding } = program.weights[index]!;
      return struct('qat_packed', `${data.array('uint8_t', packed)}, ${bits}, ${Number(encoding === 'odd')}`);
    },
    data: (type, values) => data.array(type, values),
    struct: (type, fields) => struct(type, fields.join(', ')),
    windows: ({ height, width, channels, outHeight, outWidth, kernel, stride, pad }) =>
      struct(
        'qat_windows',
        `${[height, width, channels, outHeight, outWidth].join(', ')}, {${kernel.join(', ')}}, {${stride.join(', ')}}, {${pad.join(', ')}}`,
      ),
  };
  const calls = program.ops.map((op) => `  ${opKindOf(op).c.call(op, names)}`);
  const functions = codeOf(program.ops.flatMap((op) => opKindOf(op).c.needs));
  const output = values[program.output]!;
  const classes = output.shape.at(-1) ?? 1;
  const positions = volume(output.shape) / classes;
  const inputs = volume(values[program.input]!.shape);
  const stem = fileStemOf(name);
  const title = commentOf(name);
  const { grid, bits } = values[program.input]!;
  const rounded =
    bits === 32
      ? 'symbols of the text, one a byte'
      : `clamp(rint(x / ${grid.scale}) + ${grid.zeroPoint}, ${grid.qmin}, ${grid.qmax}) of each number x, half to even`;

  const header = `/* ${title}: a quantized network as integers, from QAT Playground. */
#ifndef QAT_MODEL_H
#define QAT_MODEL_H
#include <stdint.h>

/* Integers of one sample: ${rounded}. */
#define QAT_INPUTS ${inputs}
#define QAT_POSITIONS ${positions}
#define QAT_CLASSES ${classes}

/* Runs one sample. logits: QAT_POSITIONS x QAT_CLASSES integers; the number meant is (logit - ${output.grid.zeroPoint}) * ${output.grid.scale}. */
void qat_run(const uint8_t *input, int32_t *logits);
/* The class of the largest logit at a position; the first of equal ones. */
int32_t qat_class(const int32_t *logits, int32_t position);

#ifdef QAT_MODEL_DATA
${data.code}
#endif
#endif
`;
  const source = `/* ${title}: runs the network. C99, integers only. */
#define QAT_MODEL_DATA
#include "${stem}.h"

${functions}

${structs.join('\n')}

/* Everything between input and logits; values that never live together share it. */
static int32_t arena[${Math.max(1, plan.bytes / 4)}];

void qat_run(const uint8_t *input, int32_t *logits) {
${calls.join('\n')}
  for (int32_t i = 0; i < QAT_POSITIONS * QAT_CLASSES; i++) logits[i] = (${names.value(program.output)})[i];
}

int32_t qat_class(const int32_t *logits, int32_t position) {
  const int32_t *row = logits + position * QAT_CLASSES;
  int32_t best = 0;
  for (int32_t c = 1; c < QAT_CLASSES; c++)
    if (row[c] > row[best]) best = c;
  return best;
}
`;
  const example = `/*
 * ${title}: reads samples of QAT_INPUTS bytes from standard input and prints a line for each: its classes, by position.
 * With an argument, the logits instead.
 *
 *   cc -O2 -std=c99 -o predict ${stem}.c ${stem}_example.c && ./predict < samples.bin
 */
#include <stdio.h>
#include "${stem}.h"

int main(int count, char **arguments) {
  static uint8_t input[QAT_INPUTS];
  static int32_t logits[QAT_POSITIONS * QAT_CLASSES];
  (void)arguments;
  while (fread(input, 1, QAT_INPUTS, stdin) == QAT_INPUTS) {
    qat_run(input, logits);
    for (int32_t i = 0; i < (count > 1 ? QAT_POSITIONS * QAT_CLASSES : QAT_POSITIONS); i++)
      printf("%s%ld", i ? " " : "", (long)(count > 1 ? logits[i] : qat_class(logits, i)));
    printf("\\n");
  }
  return 0;
}
`;
  return {
    files: [
      { name: `${stem}.h`, text: header },
      { name: `${stem}.c`, text: source },
      { name: `${stem}_example.c`, text: example },
    ],
    flashData: data.bytes,
    ram: plan.bytes,
  };
}
