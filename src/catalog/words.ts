/**
 * Words for the page's numbers: what a label is called, its unit, and one or two sentences for its tooltip. Written for
 * someone who trains a network but has not quantized one; terms are those of the field.
 */

export interface Word {
  label: string;
  /** Unit as written after the number; empty where there is none. */
  unit: string;
  help: string;
}

export const words = {
  step: {
    label: 'Step',
    unit: '',
    help: 'Training steps done. One step takes one batch and moves every weight once, in the float and the QAT network alike.',
  },
  speed: {
    label: 'Speed',
    unit: 'steps/s',
    help: 'Training steps done in a second; each one trains both networks.',
  },
  stepMs: {
    label: 'Time per step',
    unit: 'ms',
    help: 'Median time of the last steps: forward, backward and optimizer. QAT pays for rounding weights and activations in every forward pass.',
  },
  reached: {
    label: 'To the shown accuracy',
    unit: 's',
    help: 'Training time up to the first evaluation as accurate as the one shown: its step times the time per step of that network. Evaluations are not counted.',
  },
  seed: {
    label: 'Seed',
    unit: '',
    help: 'Starts three separate random streams: data, initial weights, order of the batches. The same seed gives the same start.',
  },
  learningRate: {
    label: 'Learning rate',
    unit: '',
    help: 'How far a step moves the weights. Too high and the loss jumps or becomes NaN, too low and nothing happens; it may change while it trains.',
  },
  batchSize: {
    label: 'Batch size',
    unit: 'examples',
    help: 'Training examples in one step. The gradient is their mean: larger batches are smoother and take longer.',
  },
  qatAccuracy: {
    label: 'QAT accuracy',
    unit: '%',
    help: 'Quantization-aware training: share of test examples classified rightly by the network that is trained with rounded weights and activations.',
  },
  floatAccuracy: {
    label: 'Float accuracy',
    unit: '%',
    help: 'Share of test examples classified rightly by the float twin: same initial weights, same batches, nothing rounded.',
  },
  ptqAccuracy: {
    label: 'PTQ accuracy',
    unit: '%',
    help: 'Post-training quantization: the float twin as it is now, rounded to the same bits without further training. Its activation ranges come from training batches.',
  },
  loss: {
    label: 'Loss',
    unit: 'nats',
    help: 'Mean cross-entropy on the test set: minus the logarithm of the probability given to the true class. Guessing among k classes costs ln k (0.69 for two).',
  },
  modelSize: {
    label: 'Model size',
    unit: 'B',
    help: 'Bytes of the packed model: weights at their bits, each tensor padded to a byte; biases 4 bytes each; scales 4 bytes, zero points 1. 1 KB is 1,024 bytes.',
  },
  weights: {
    label: 'Weight bits',
    unit: 'bit',
    help: 'Bits for each weight of the layer: n bits give 2ⁿ − 1 levels around 0, and 1 bit keeps only the sign. 32 means float: nothing is rounded.',
  },
  activations: {
    label: 'Activation bits',
    unit: 'bit',
    help: 'Bits for each output of the layer, after its activation function: n bits give 2ⁿ levels. 32 means float: nothing is rounded.',
  },
  sqnr: {
    label: 'SQNR',
    unit: 'dB',
    help: 'Signal-to-quantization-noise ratio: energy of the values over energy of their rounding errors, 10·log₁₀. One more bit adds about 6 dB.',
  },
  sensitivity: {
    label: 'Sensitivity',
    unit: 'nats',
    help: 'How much the loss rises when this layer alone is rounded: the thin bar of each strip, the worst layer’s the longest. Layers with short bars can have fewer bits.',
  },
  clipped: {
    label: 'Clipped',
    unit: '%',
    help: 'Share of values outside the range of the grid. They are set to its nearest end, and most quantizers pass no gradient through them.',
  },
  oscillating: {
    label: 'Oscillating',
    unit: '%',
    help: 'Share of weights whose integer turns back in more than 0.5 % of steps: one gradient pushes them over the threshold between two levels, the next one back. Light marks where.',
  },
  scale: {
    label: 'Scale',
    unit: '',
    help: 'Distance between two neighbouring levels, also called step size: real value = scale × (integer − zero point).',
  },
  zeroPoint: {
    label: 'Zero point',
    unit: '',
    help: 'The integer that stands for 0. Symmetric weights and outputs of ReLU have zero point 0.',
  },
  range: {
    label: 'Range',
    unit: '',
    help: 'Smallest and largest value that the grid can hold. A wider range clips less and rounds more coarsely.',
  },
  levels: {
    label: 'Levels',
    unit: '',
    help: 'Values that the grid has. A stem shows the share of weights that round to a level; an empty level is wasted.',
  },
  meanAbs: {
    label: 'Mean magnitude',
    unit: '',
    help: 'Mean of the absolute values. At 1 bit it is the scale: a weight becomes its sign times this mean.',
  },
  macs: {
    label: 'MACs',
    unit: '',
    help: 'Multiply-accumulates for one example: one product, added to a running sum. They are most of the arithmetic.',
  },
  parameters: { label: 'Parameters', unit: '', help: 'Trained numbers: weights and biases.' },
  flash: {
    label: 'Flash',
    unit: 'bytes',
    help: 'Memory that keeps its content without power, where a device holds weights and code. Counted are the packed weights with their scales and biases; the code of the C export adds a few KB.',
  },
  arena: {
    label: 'RAM',
    unit: 'bytes',
    help: 'Working memory: the input, and a block that activations share when they are not alive together, as in the C export. A byte for a value of at most 8 bits, 4 for others; the stack comes on top.',
  },
  latency: {
    label: 'Time',
    unit: 'ms',
    help: 'An estimate for one example: the products at the rate that a good 8-bit kernel library reaches on the device, and nothing else. Narrower weights are unpacked to 8 bits first and are no faster.',
  },
  bops: {
    label: 'Bit operations',
    unit: 'BOPs',
    help: 'MACs × bits of the weight × bits of the layer’s input, summed over the layers; float counts as 32 bits. A rough cost of the arithmetic in hardware.',
  },
  backend: {
    label: 'Backend',
    unit: '',
    help: 'What computes: the GPU through WebGPU, the processor through WebAssembly, or plain JavaScript (CPU), in order of choice. Faster sums round a product and its sum at once.',
  },
  deterministic: {
    label: 'Deterministic',
    unit: '',
    help: 'Same seed, same numbers, bit for bit. A GPU may add in another order, and results then differ in the last digits.',
  },
  boundary: {
    label: 'Boundary',
    unit: '',
    help: 'What the network answers at every point of the plane: colour is the probability of class 1, neutral is 50 %. A ring marks a test point that it gets wrong.',
  },
  confusion: {
    label: 'Confusion',
    unit: 'examples',
    help: 'Counts of test examples: rows are the true class, columns the predicted one. The diagonal is right.',
  },
  samples: {
    label: 'Examples',
    unit: 'examples',
    help: 'Size of the generated dataset, training and test together.',
  },
  noise: {
    label: 'Noise',
    unit: '%',
    help: 'For points the standard deviation of their scatter, relative to the radius of the figure; for digits the strength of every distortion.',
  },
  testShare: {
    label: 'Test share',
    unit: '%',
    help: 'Share of the examples kept out of training. Accuracy and loss are measured on them alone.',
  },
  momentum: {
    label: 'Momentum',
    unit: '',
    help: 'Share of the last movement that the next step keeps: 0 is plain gradient descent, 0.9 is usual.',
  },
  optimizer: {
    label: 'Optimizer',
    unit: '',
    help: 'The rule that turns a gradient into a step. Adam scales each weight’s step by itself; SGD takes the gradient as it is, with momentum.',
  },
  stopSteps: { label: 'Stop at step', unit: 'steps', help: 'Training pauses once this many steps are done.' },
  stopAccuracy: {
    label: 'Stop at accuracy',
    unit: '%',
    help: 'Training pauses at the first evaluation whose QAT test accuracy is at least this.',
  },
  calibration: {
    label: 'Calibration',
    unit: 'examples',
    help: 'Training examples that PTQ sees before it rounds: their outputs say how wide each range must be. A few hundred do; too few miss the large values.',
  },
  replay: {
    label: 'Replay',
    unit: '',
    help: 'Starts over from step 0 with the starting settings and makes the recorded changes again, each at its step.',
  },
  reset: {
    label: 'Reset',
    unit: '',
    help: 'Starts over from step 0 with the present settings and the same seed; recorded changes are dropped.',
  },
  share: {
    label: 'Share',
    unit: '',
    help: 'Copies a link that holds the whole experiment: data settings, network, bits, seed and recorded changes, but no weights and none of your own data.',
  },
} as const satisfies Record<string, Word>;
export type WordKey = keyof typeof words;
