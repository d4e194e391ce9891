/** Answers what the page asks about the trained network. */
import { volume } from '@/catalog/layers';
import { IntegerEngine, quantizeInput } from '@/deploy/engine';
import { exporterOf, type Trained } from '@/deploy/exporters';
import { toOnnx } from '@/deploy/onnx';
import { answersOf, sameAnswers } from '@/experiment/answers';
import { settingsAt } from '@/experiment/changes';
import type { Experiment } from '@/experiment/schema';
import { timePerCall } from '@/experiment/timing';
import { parityOf, programOf } from './deploy';
import type { DeployAnswers, DeployQuestion, Trial } from './deployProtocol';
import type { Trainer } from './trainer';

/** Most test examples that another runtime is judged on. */
export const trialExamples = 2000;

export async function trainedOf(trainer: Trainer, experiment: Experiment): Promise<Trained> {
  const { tensors, step } = await trainer.checkpoint();
  return {
    experiment,
    settings: settingsAt(experiment, step),
    step,
    dataset: trainer.dataset,
    tensors,
    program: () => programOf(trainer, 'qat'),
  };
}

async function trialOf(trained: Trained): Promise<Trial> {
  const program = await trained.program();
  const { test, inputShape, classNames, labelsPerExample } = trained.dataset;
  const classes = classNames.length;
  const count = Math.min(test.count, trialExamples);
  const size = volume(inputShape);
  const unit = test.x instanceof Uint8Array ? 255 : 1;
  const x = Float32Array.from(test.x.subarray(0, count * size), (value) => value / unit);
  const y = test.y.slice(0, count * labelsPerExample);
  const engine = new IntegerEngine(program);
  const run = (i: number) => engine.run(quantizeInput(program, x.subarray(i * size, (i + 1) * size)));
  const predicted = new Int16Array(y.length);
  let right = 0;
  for (let i = 0; i < count; i++) {
    const asked = [...y.subarray(i * labelsPerExample, (i + 1) * labelsPerExample)];
    const given = answersOf(run(i), 0, classes, asked);
    predicted.set(given, i * labelsPerExample);
    if (sameAnswers(given, asked)) right++;
  }
  const ms = await timePerCall((i) => run(i % count));
  const accuracy = right / count;
  const model = toOnnx(program);
  return { model, x, y, labelsPerExample, count, shape: inputShape, classes, predicted, accuracy, ms };
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
