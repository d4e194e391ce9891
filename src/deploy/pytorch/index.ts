/**
 * PyTorch export: train.py with the same network, quantizers, data and hyper-parameters, its weights and its data. Needs
 * torch alone. The text is put together from fragments of Python, one for each layer kind and quantizer that is used.
 */
import { strToU8, zipSync } from 'fflate';
import { hasBatchNorm, siteAt, volume } from '@/catalog/layers';
import type { OptimizerKind, OptimizerSpec } from '@/catalog/optimizers';
import { type ActivationSite, type SiteName, tensorKindOf, type WeightSite } from '@/catalog/quantizers';
import type { Split } from '@/data/dataset';
import { type ResolvedLayer, resolveNetwork, roundsInput } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { summaryOf } from '@/experiment/summary';
import { permuted } from '../permuted';
import { type SafeTensor, safeTensor, writeSafetensors } from '../safetensors';
import type { Trained } from '../trained';
import { type Layout, layerInPyTorch, shapeThere } from './layers';
import main from './python/main.py?raw';
import runtime from './python/runtime.py?raw';
import { activationsCall, type Call, weightsCall } from './quantizers';
import { bool, text } from './text';

const optimizers: { [K in OptimizerKind]: (spec: Extract<OptimizerSpec, { kind: K }>) => string } = {
  adam: () => 'torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)',
  sgd: ({ momentum }) => `torch.optim.SGD(groups, lr=rate, momentum=${momentum})`,
};
const optimizerOf = (spec: OptimizerSpec): string =>
  (optimizers[spec.kind] as (spec: OptimizerSpec) => string)(spec);

const placeOf = (layer: string, name: SiteName) =>
  `${tensorKindOf(name) === 'weights' ? (name === 'weights' ? 'weights' : `${name} weights`) : name} of ${layer}`;

const header = (
  trained: Trained,
) => `"""A network from QAT Playground, to go on with in PyTorch. torch is its only need (1.13 or newer).

    python3 train.py                                      evaluates it
    python3 train.py --steps 1000 --save trained.safetensors
    torchrun --nproc_per_node 4 train.py --steps 1000     on four processes or GPUs

Quantizers, layers and data are the playground's; the optimizer starts afresh, and weights are neither damped nor frozen.
"""
import argparse
import json
import math
import os

import torch
import torch.nn.functional as F
from torch import nn

# Where it comes from.
EXPERIMENT = ${text(summaryOf(trained.experiment))}
`;

/** A layer's site in Python. */
function callAt(layer: ResolvedLayer, name: SiteName): Call {
  const site = siteAt(layer.spec, name)!;
  const place = placeOf(layer.name, name);
  if (tensorKindOf(name) === 'activations') {
    const shape = (layer.siteShapes as Partial<Record<SiteName, readonly number[]>>)[name] ?? [];
    return activationsCall(site as ActivationSite, place, volume(shape));
  }
  const layout = layoutOf(layer);
  const { shape } = layer.tensors.find((tensor) => tensor.site === name)!;
  return weightsCall(site as WeightSite, place, shapeThere(shape, layout), layout.axis);
}

const inputCall = (settings: Experiment, resolved: readonly ResolvedLayer[]): Call =>
  activationsCall(settings.input, 'input', volume(resolved[0]!.inputShape));

/** The text of train.py. @throws ExportRefused for a quantizer that it has no form of */
export function trainingScript(trained: Trained): string {
  const { settings } = trained;
  const fragments = new Set<string>();
  const layers = new Set<string>();
  const use = ({ call, fragment }: Call): string => {
    fragments.add(fragment);
    return call;
  };
  const resolved = resolveNetwork(settings);
  const siteCall = (layer: ResolvedLayer, name: SiteName) => use(callAt(layer, name));
  const lines = resolved.map((layer) => {
    const skippedShape = layer.source === undefined ? undefined : resolved[layer.source]!.inputShape;
    const { make, fragments: needed } = layerInPyTorch(layer.spec);
    const call = make({ ...layer, ...(skippedShape ? { skippedShape } : {}) }, (name) =>
      siteCall(layer, name),
    );
    for (const fragment of needed) layers.add(fragment);
    return `    (${text(layer.name)}, lambda: ${call}, ${layer.source ?? 'None'}),`;
  });
  const input = roundsInput(settings.dataset) ? use(inputCall(settings, resolved)) : 'None';
  const { optimizer, batchSize, seed, batchNorm } = settings;
  return `${[
    header(trained),
    `SEED = ${seed}
BATCH_SIZE = ${batchSize}
LEARNING_RATE = ${optimizer.learningRate}
FROZEN_BATCH_NORM = ${bool(hasBatchNorm(settings.layers) && batchNorm === 'frozen')}


def OPTIMIZER(groups, rate):
    return ${optimizerOf(optimizer)}
`,
    runtime,
    ...fragments,
    ...layers,
    `# The network: each layer, and at residual sums how many layers from the start the path begins.
INPUT = lambda: ${input}
LAYERS = [
${lines.join('\n')}
]
`,
    main,
  ]
    .map((part) => part.trim())
    .join('\n\n\n')}
`;
}

const plain: Layout = { order: [0], axis: 0 };
const layoutOf = ({ spec }: ResolvedLayer): Layout => layerInPyTorch(spec).layout ?? plain;

/** The state that train.py loads: the QAT network's tensors in PyTorch's layout, observers, and what was learned. */
function stateOf({ settings, tensors }: Trained): SafeTensor[] {
  const state: SafeTensor[] = [];
  const resolved = resolveNetwork(settings);
  const addSite = (prefix: string, place: string, { keeps }: Call) => {
    const values = keeps && tensors[`${keeps === 'learned' ? 'quantizers' : 'qat/observer'}/${place}`];
    if (!values) return;
    // Steps of weights are a row, as they are here.
    const isRow = keeps === 'learned' && tensorKindOf(place.split('/')[1] as SiteName) === 'weights';
    state.push(safeTensor(`${prefix}.${keeps}`, isRow ? [1, values.length] : [values.length], values));
  };
  if (roundsInput(settings.dataset)) addSite('input', 'input/activations', inputCall(settings, resolved));
  for (const layer of resolved) {
    const layout = layoutOf(layer);
    for (const { name, shape, site } of layer.tensors) {
      const values = tensors[`qat/${layer.name}/${name}`]!;
      const named = `layers.${layer.name}.${name}`;
      state.push(
        site
          ? safeTensor(named, shapeThere(shape, layout), permuted(values, shape, layout.order))
          : safeTensor(named, shape, values),
      );
    }
    for (const name of layer.sites)
      addSite(`layers.${layer.name}.at.${name}`, `${layer.name}/${name}`, callAt(layer, name));
  }
  return state;
}

function dataOf({ dataset }: Trained): Uint8Array {
  const { inputShape, labelsPerExample, classNames } = dataset;
  const labels = labelsPerExample === 1 ? [] : [labelsPerExample];
  const part = (name: string, { count, x, y }: Split) => [
    safeTensor(`${name}.x`, [count, ...inputShape], x),
    safeTensor(`${name}.y`, [count, ...labels], y),
  ];
  return writeSafetensors([...part('train', dataset.train), ...part('test', dataset.test)], {
    classes: JSON.stringify(classNames),
  });
}

/** train.py, weights.safetensors and data.safetensors. @throws ExportRefused */
export function pytorchFiles(trained: Trained, notes: Readonly<Record<string, string>> = {}) {
  return {
    'train.py': strToU8(trainingScript(trained)),
    'weights.safetensors': writeSafetensors(stateOf(trained), notes),
    'data.safetensors': dataOf(trained),
  };
}

/** The files as one archive. */
export const toPyTorch = (trained: Trained, notes: Readonly<Record<string, string>> = {}): Uint8Array =>
  zipSync(pytorchFiles(trained, notes));
