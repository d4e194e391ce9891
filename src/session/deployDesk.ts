/** Answers what the page asks about the trained network. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from '@/catalog/backends';
import { batchOf, IntegerEngine } from '@/deploy/engine';
import { exporterOf } from '@/deploy/exporters';
import { toOnnx } from '@/deploy/onnx';
import type { Trained } from '@/deploy/trained';
import { answersOf, sameAnswers } from '@/experiment/answers';
import { settingsAt } from '@/experiment/changes';
import type { Experiment } from '@/experiment/schema';
import { parityOf, programOf } from './deploy';
import type { DeployAnswers, DeployQuestion, Trial } from './deployProtocol';
import { floatLogits, floatTimes, integerTimes, numbersOf, timedBatch } from './deployTimes';
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

async function trialOf(trained: Trained, trainer: Trainer): Promise<Trial> {
  const program = await trained.program();
  const { test, inputShape, classNames, labelsPerExample } = trained.dataset;
  const classes = classNames.length;
  const count = Math.min(test.count, trialExamples);
  const x = numbersOf(trainer, count);
  const y = test.y.slice(0, count * labelsPerExample);
  const engine = new IntegerEngine(program, { batch: batchOf(program) });
  const predicted = new Int16Array(y.length);
  const labelsOf = (all: ArrayLike<number>, i: number) =>
    Array.from({ length: labelsPerExample }, (_, k) => all[i * labelsPerExample + k]!);
  let right = 0;
  engine.runAll(x, (logits, at, i) => {
    const asked = labelsOf(y, i);
    const given = answersOf(logits, at, classes, asked);
    predicted.set(given, i * labelsPerExample);
    if (sameAnswers(given, asked)) right++;
  });
  const float = { right: 0, different: 0 };
  for (let from = 0; from < count; from += timedBatch) {
    const some = Math.min(timedBatch, count - from);
    const logits = await floatLogits(trainer, x, from, some);
    for (let i = 0; i < some; i++) {
      const asked = labelsOf(y, from + i);
      const given = answersOf(logits, i * classes * labelsPerExample, classes, asked);
      if (sameAnswers(given, asked)) float.right++;
      if (!sameAnswers(given, labelsOf(predicted, from + i))) float.different++;
    }
  }
  return {
    model: toOnnx(program),
    ...{ x, y, labelsPerExample, count, classes, predicted },
    shape: inputShape,
    accuracy: right / count,
    times: await integerTimes(program, x),
    simd: engine.simd,
    float: {
      accuracy: float.right / count,
      different: float.different,
      backend: tf.getBackend() as BackendName,
      ...(await floatTimes(trainer, x)),
    },
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
  trial: (_question, trained, trainer) => trialOf(trained, trainer),
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
