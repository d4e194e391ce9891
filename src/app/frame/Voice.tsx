/** What a screen reader hears of the run: a summary on pause, and every 10 s at most while it trains. */
import { useEffect, useRef } from 'react';
import { lastScore, useLive } from '@/store/live';
import { say, useSpeech } from '@/store/notices';
import { count, percent } from '../format';

const everyMs = 10_000;

function summary(): string {
  const { step, points, state } = useLive.getState();
  const score = (name: 'qat' | 'float' | 'ptq') => {
    const found = lastScore(points, name);
    return found ? percent(found.accuracy) : 'not measured';
  };
  const scores = `QAT ${score('qat')}, float ${score('float')}, PTQ ${score('ptq')}.`;
  return `${state === 'training' ? 'Training, step' : 'Paused at step'} ${count(step)}. ${scores}`;
}

export function Voice() {
  const text = useSpeech((speech) => speech.text);
  const training = useLive((live) => live.state === 'training');
  // The pause's own evaluation has come.
  const settled = useLive(({ state, points, step }) => state === 'paused' && points.at(-1)?.step === step);
  const hasTrained = useRef(false);
  useEffect(() => {
    if (!training) return;
    hasTrained.current = true;
    const timer = setInterval(() => say(summary()), everyMs);
    return () => clearInterval(timer);
  }, [training]);
  useEffect(() => {
    if (!settled || !hasTrained.current) return;
    hasTrained.current = false;
    say(summary());
  }, [settled]);
  return (
    <p className="sr" role="log" aria-live="polite" aria-label="Summary">
      {text}
    </p>
  );
}
