/**
 * What the rows of a table share is computed once: the steps up to the first change of runs that begin alike, and the float
 * twin, on which bits have no influence. The figures are those of separate runs, to the digit (./sharing.test.ts).
 */
import { activationSite, weightSite } from '@/catalog/quantizers';
import { settingsAt, timelineOf } from '@/experiment/changes';
import { encodeLink } from '@/experiment/link';
import type { Experiment } from '@/experiment/schema';
import type { Checkpoint } from '@/session/protocol';
import type { Trainer } from '@/session/trainer';
import type { Sharing } from '../experiment';
import { withSites } from '../sums';

const floatTensors = 'float/';

interface Beginning {
  checkpoint: Checkpoint;
  /** Whether the float twin was trained too. */
  both: boolean;
}

export class SharedRuns {
  /** By the link of a run up to its first change. */
  private readonly beginnings = new Map<string, Beginning>();
  /** By the link of a run without its bits. */
  private readonly twins = new Map<string, Checkpoint>();

  /** @param steps of the run */
  of(experiment: Experiment, steps: number): Sharing {
    const first = Math.min(steps, timelineOf(experiment).find(({ step }) => step > 0)?.step ?? 0);
    const start = settingsAt(experiment, 0);
    const { ptq: _, ...begins } = start;
    const beginning = encodeLink({ ...begins, stop: { steps: Math.max(1, first) } });
    const twin = encodeLink({ ...floatTwinOf(experiment), stop: { steps } });
    // Training may need the float twin on the way.
    const needed = experiment.distillation || timelineOf(experiment).some(({ kind }) => kind === 'adopt');
    const isKnown = () => !needed && this.twins.has(twin);
    return {
      begin: async (trainer) => {
        const known = isKnown();
        const begun = this.beginnings.get(beginning);
        // Changes due at its step are made by the step that follows.
        if (begun && (begun.both || known)) await trainer.restore(start, begun.checkpoint);
        return known ? ['qat'] : undefined;
      },
      next: (step) => (step < first ? first : undefined),
      reached: async (trainer) => {
        if (trainer.step === first)
          this.beginnings.set(beginning, {
            checkpoint: await trainer.checkpoint(),
            both: !isKnown(),
          });
      },
      end: async (trainer) => {
        if (isKnown()) await adoptFloatTwin(trainer, experiment, this.twins.get(twin)!);
        else this.twins.set(twin, await trainer.checkpoint());
      },
    };
  }
}

/** What the float twin's training depends on: the same for all bits, quantizers and plans of them. */
function floatTwinOf(experiment: Experiment): Experiment {
  const plain = withSites(experiment, () => ({
    weights: weightSite(32),
    activations: activationSite(32),
  }));
  const { plan: _plan, ptq: _ptq, distillation: _distillation, held: _held, observers: _, ...rest } = plain;
  return {
    ...rest,
    input: activationSite(32),
    changes: timelineOf(experiment).filter(({ kind }) => kind === 'learningRate' || kind === 'batchNorm'),
  };
}

async function adoptFloatTwin(trainer: Trainer, experiment: Experiment, known: Checkpoint): Promise<void> {
  const own = await trainer.checkpoint();
  const taken = Object.entries(known.tensors).filter(([name]) => name.startsWith(floatTensors));
  await trainer.restore(experiment, { ...own, tensors: { ...own.tensors, ...Object.fromEntries(taken) } });
}
