/** What QAT costs: the median time of a step, and the time of training until an accuracy is first there. */

import { TestSet } from '@/session/evaluate';
import { Stepper } from '@/session/stepper';
import { uniform } from '../results/rows';
import { withSites } from '../sums';
import { baseOf, chosen, Kept, networks, type Options, Runs, Sheet } from './runs';

const most = 400;
const every = 10;
/** Test examples that are looked at on the way, and the accuracy waited for. */
const examples = 1000;
const wanted = 0.95;

/** Meant to be run while nothing else runs. Evaluations do not count as time. */
export async function cost(options: Options): Promise<void> {
  const sheet = new Sheet([
    'network',
    'float, ms per step',
    'QAT, ms per step',
    'ratio',
    `float: steps, seconds to ${100 * wanted} %`,
    `QAT: steps, seconds to ${100 * wanted} %`,
  ]);
  for (const network of chosen(options, ['lenet', 'cnn', 'depthwise'])) {
    const seed = options.seeds[0]!;
    const base = withSites(baseOf(network), uniform(4, 'absmax', 'ema'));
    const runs = new Runs(base, seed, new Kept(undefined));
    const experiment = runs.seeded(base, most);
    const reached = { float: 0, qat: 0 };
    const times = await runs.trained(
      experiment,
      most,
      async (trainer) => {
        const stepper = new Stepper(trainer, () => [], true);
        const test = new TestSet(trainer, examples);
        while (trainer.step < most && !(reached.float && reached.qat)) {
          await stepper.burst(Number.POSITIVE_INFINITY, trainer.step + every);
          for (const twin of ['float', 'qat'] as const)
            if (!reached[twin] && (await test.evaluate(twin)).accuracy >= wanted)
              reached[twin] = trainer.step;
        }
        test.dispose();
        return { float: stepper.times.float.value, qat: stepper.times.qat.value };
      },
      0,
    );
    const until = (twin: 'float' | 'qat') =>
      reached[twin]
        ? `${reached[twin]}, ${((reached[twin] * times[twin]) / 1000).toFixed(1)}`
        : `not in ${most}`;
    sheet.add(
      [
        `${networks[network].label} W4A4`,
        times.float.toFixed(1),
        times.qat.toFixed(1),
        (times.qat / times.float).toFixed(2),
        until('float'),
        until('qat'),
      ],
      `${networks[network].label} W4A4`,
      experiment,
    );
  }
  sheet.print();
}
