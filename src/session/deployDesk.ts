/** Answers what the page asks about the trained network. */
import { volume } from '@/catalog/layers';
import { IntegerEngine, quantizeInput } from '@/deploy/engine';
import { exporterOf, type Trained } from '@/deploy/exporters';
import { lower } from '@/deploy/lower';
import { toOnnx } from '@/deploy/onnx';
import type { Program } from '@/deploy/program';
import { takeSnapshot } from '@/deploy/snapshot';
import { settingsAt } from '@/experiment/changes';
import type { Experiment } from '@/experiment/schema';
import { rowsOf } from './batches';
import { parityOf } from './deploy';
import type { DeployAnswers, DeployQuestion, Trial } from './deployProtocol';
import type { Trainer } from './trainer';

/** Most test examples that another runtime is judged on. */
export const trialExamples = 2000;

/** The integer program of the QAT network. @throws NoIntegerForm where there is none */
async function programOf(trainer: Trainer): Promise<Program> {
  const { x, y } = rowsOf(trainer.dataset.train, trainer.dataset.inputShape, [0]);
  try {
    return lower(await takeSnapshot(trainer.readable('qat'), x));
  } finally {
    x.dispose();
    y.dispose();
  }
}

export async function trainedOf(trainer: Trainer, experiment: Experiment): Promise<Trained> {
  const { tensors, step } = await trainer.checkpoint();
  return {
    experiment,
    settings: settingsAt(experiment, step),
    step,
    dataset: trainer.dataset,
    tensors,
    program: () => programOf(trainer),
  };
}

/** The class with the largest logit at each position that is asked about; right where all of them are. */
function judge(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number) {
  let [right, last] = [true, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]! < 0) continue;
    last = 0;
    for (let c = 1; c < classes; c++) if (logits[i * classes + c]! > logits[i * classes + last]!) last = c;
    right &&= last === labels[i];
  }
  return { right, last };
}

async function trialOf(trained: Trained): Promise<Trial> {
  const program = await trained.program();
  const { test, inputShape, classNames, labelsPerExample } = trained.dataset;
  const count = Math.min(test.count, trialExamples);
  const size = volume(inputShape);
  const unit = test.x instanceof Uint8Array ? 255 : 1;
  const x = Float32Array.from(test.x.subarray(0, count * size), (value) => value / unit);
  const y = test.y.slice(0, count * labelsPerExample);
  const engine = new IntegerEngine(program);
  const predicted = new Uint8Array(count);
  let right = 0;
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const logits = engine.run(quantizeInput(program, x.subarray(i * size, (i + 1) * size)));
    const labels = y.subarray(i * labelsPerExample, (i + 1) * labelsPerExample);
    const judged = judge(logits, labels, classNames.length);
    predicted[i] = labelsPerExample === 1 ? judged.last : Number(judged.right);
    right += Number(judged.right);
  }
  const ms = (performance.now() - began) / count;
  const model = toOnnx(program);
  const classes = classNames.length;
  return {
    model,
    x,
    y,
    labelsPerExample,
    count,
    shape: inputShape,
    classes,
    predicted,
    accuracy: right / count,
    ms,
  };
}

const answers: {
  [K in DeployQuestion['about']]: (
    question: Extract<DeployQuestion, { about: K }>,
    trained: Trained,
    trainer: Trainer,
  ) => Promise<DeployAnswers[K]>;
} = {
  file: async ({ exporter }, trained) => exporterOf(exporter)(trained),
  trial: (_question, trained) => trialOf(trained),
  parity: async (_question, trained, trainer) => parityOf(trainer, 'qat', await trained.program()),
};

export async function answerDeploy(
  question: DeployQuestion,
  trainer: Trainer,
  experiment: Experiment,
): Promise<DeployAnswers[keyof DeployAnswers]> {
  const answer = answers[question.about] as (
    question: DeployQuestion,
    trained: Trained,
    trainer: Trainer,
  ) => Promise<DeployAnswers[keyof DeployAnswers]>;
  return answer(question, await trainedOf(trainer, experiment), trainer);
}
