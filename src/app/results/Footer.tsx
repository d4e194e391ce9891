/** Epochs done, and what rounding costs in time. */
import { useLive } from '@/store/live';
import { count, figures, milliseconds } from '../format';
import { help, Term } from '../Term';
import { useThrottled } from './useThrottled';

export function Footer() {
  const epochs = useThrottled(useLive, (live) => live.step / live.stepsPerEpoch, 250);
  const times = useThrottled(useLive, (live) => live.stepMs, 500);
  const eager = useLive((live) => live.eager);
  const measured = times && times.float > 0 && times.qat > 0;
  return (
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
          <span {...help(`${eager} The numbers are right, each step only takes longer.`)}>not recorded</span>
        </>
      )}
    </p>
  );
}
