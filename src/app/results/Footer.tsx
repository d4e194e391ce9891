/** Epochs done, and what rounding costs in time: for a step, and up to the accuracy that is shown. */
import { useLive } from '@/store/live';
import { count, dash, figures, milliseconds } from '../format';
import { help, Term } from '../Term';
import { stepReaching } from './reached';
import { useThrottled } from './useThrottled';

export function Footer() {
  const epochs = useThrottled(useLive, (live) => live.step / live.stepsPerEpoch, 250);
  const times = useThrottled(useLive, (live) => live.stepMs, 500);
  const eager = useLive((live) => live.eager);
  const qat = useThrottled(useLive, (live) => stepReaching(live.points, 'qat'), 500);
  const float = useThrottled(useLive, (live) => stepReaching(live.points, 'float'), 500);
  const measured = times && times.float > 0 && times.qat > 0;
  const toReach = (step: number | undefined, ms: number | undefined) =>
    step === undefined || !ms ? dash : `${figures((step * ms) / 1000, 2)} s (step ${count(step)})`;
  return (
    <>
      <p className="hint" data-explained>
        {epochs < 1000 ? figures(epochs) : count(epochs)} epochs
        {measured && (
          <>
            {' · '}
            <Term name="stepMs">time per step</Term>: QAT {milliseconds(times.qat)}, float{' '}
            {milliseconds(times.float)}, {figures(times.qat / times.float, 3)}×
          </>
        )}
        {eager && (
          <>
            {' · '}
            <span {...help(`${eager} The numbers are right, each step only takes longer.`)}>
              not recorded
            </span>
          </>
        )}
      </p>
      <p className="hint" data-explained>
        <Term name="reached">to the shown accuracy</Term>: QAT {toReach(qat, times?.qat)}, float{' '}
        {toReach(float, times?.float)}
      </p>
    </>
  );
}
