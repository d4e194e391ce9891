/** How post-training quantization prepares the float twin, finds its ranges and rounds its weights. */
import { z } from 'zod';

/** Training examples that ranges are found on unless the experiment says otherwise. */
export const calibrationSamples = 512;
export const mostCalibrationSamples = 4096;

/** How a layer's ranges are found. `own` is the rule that QAT starts from. */
export const calibrationMethods = {
  own: {
    label: 'as QAT',
    token: 'own',
    help: 'The layer’s own quantizers: an observer sees the calibration set, a learned step starts from it.',
  },
  minMax: {
    label: 'Min-max',
    token: 'minmax',
    help: 'The whole range of the calibration set; nothing is clipped, and one outlier makes every step coarse.',
  },
  percentile: {
    label: 'Percentile',
    token: 'pct',
    help: 'Outputs from the 0.1st to the 99.9th percentile, weights up to the 99th of their magnitude.',
  },
  mse: {
    label: 'MSE',
    token: 'mse',
    help: 'The range, out of 64, whose squared rounding error is smallest, for weights and outputs.',
  },
  kl: {
    label: 'KL (entropy)',
    token: 'kl',
    help: 'Outputs: the clip that changes their histogram least, by Kullback-Leibler divergence (TensorRT). Weights: min-max.',
  },
} as const;
export type CalibrationMethod = keyof typeof calibrationMethods;
const methodSchema = z.enum(Object.keys(calibrationMethods) as [CalibrationMethod, ...CalibrationMethod[]]);

/** What is done to the float network before and after it is rounded, in the order done. */
export const preparations = {
  equalise: {
    label: 'Equalise layers',
    token: 'cle',
    help: 'Cross-layer equalisation: scales each channel between two layers so that both sides use the same range. The float function stays the same where ReLU or nothing stands between (Nagel et al. 2019).',
  },
  reestimate: {
    label: 'Re-estimate batch norm',
    token: 'bn',
    help: 'Makes batch norm’s running averages anew with rounded weights and activations, from the calibration set.',
  },
  round: {
    label: 'AdaRound',
    token: 'ada',
    help: 'Learns for each weight whether to round up or down, so that the layer’s outputs change least (Nagel et al. 2020). Done when training pauses; live values round to nearest.',
  },
  correct: {
    label: 'Correct biases',
    token: 'bc',
    help: 'Takes from each bias what rounding the weights adds to the layer’s mean output (Nagel et al. 2019).',
  },
} as const;
export type Preparation = keyof typeof preparations;
const flag = z.literal(true).optional();

export const ptqSchema = z.strictObject({
  samples: z.int().min(16).max(mostCalibrationSamples).default(calibrationSamples),
  method: methodSchema.default('own'),
  /** Of single layers, or of the input, where it is another. */
  methods: z.record(z.string().regex(/^[a-z]{1,12}[0-9]{0,2}$/), methodSchema).optional(),
  equalise: flag,
  reestimate: flag,
  round: flag,
  correct: flag,
});
export type PtqSettings = z.infer<typeof ptqSchema>;

export const defaultPtq: PtqSettings = { samples: calibrationSamples, method: 'own' };
export const ptqOf = ({ ptq = defaultPtq }: { ptq?: PtqSettings | undefined }): PtqSettings => ptq;
export const methodAt = (ptq: PtqSettings, layer: string): CalibrationMethod =>
  ptq.methods?.[layer] ?? ptq.method;
