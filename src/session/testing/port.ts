/** A worker for tests, and what it says. */
import type { WorkerPort } from '../client';
import type { Command, CurvePoint, SessionEvent, Snapshot } from '../protocol';

export const point = (step: number): CurvePoint => {
  const score = { accuracy: 0.5, loss: 0.7 };
  return { step, float: score, qat: score, ptq: null };
};
export const snapshot = (step: number, more: Partial<Snapshot> = {}): Snapshot => ({
  step,
  stepsPerEpoch: 25,
  running: true,
  stepsPerSecond: 100,
  stepMs: { float: 1, qat: 1 },
  points: [],
  ...more,
});

/** A worker that only keeps what it is sent; the test speaks for it. */
export class Port implements WorkerPort {
  readonly sent: Command[] = [];
  terminated = false;
  private readonly listeners = new Map<string, (event: Event) => void>();
  postMessage(command: Command) {
    this.sent.push(command);
  }
  terminate() {
    this.terminated = true;
  }
  addEventListener(type: string, listener: (event: Event) => void) {
    this.listeners.set(type, listener);
  }
  say(event: SessionEvent) {
    this.listeners.get('message')?.({ data: event } as MessageEvent);
  }
  die(message: string) {
    this.listeners.get('error')?.({ message, preventDefault: () => undefined } as ErrorEvent);
  }
}
