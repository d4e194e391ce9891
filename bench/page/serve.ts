/** How a worker of the benchmark answers the page: calls by name, one at a time, errors as text. */
export interface Call {
  id: number;
  name: string;
  parameters: unknown[];
}
export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: parameters come from the runner as plain data
export type Handlers = Record<string, (...parameters: any[]) => unknown>;

/** Answers every call that the page sends to this worker. */
export function serve(handlers: Handlers): void {
  let last: Promise<unknown> = Promise.resolve();
  const answer = async ({ id, name, parameters }: Call): Promise<void> => {
    try {
      const result = await handlers[name]!(...parameters);
      postMessage({ id, result } satisfies Answer);
    } catch (error) {
      postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  };
  addEventListener('message', ({ data }: MessageEvent<Call>) => {
    last = last.then(() => answer(data));
  });
}
