import { expect, it } from 'vitest';
import { loadingDesk } from './loading';
import type { Command, SessionEvent } from './protocol';

/** A desk, and what it says as it comes. */
function start() {
  const said: SessionEvent[] = [];
  let wake: () => void = () => {};
  const desk = loadingDesk((event) => {
    said.push(event);
    wake();
  });
  const next = async (count: number) => {
    while (said.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return said;
  };
  return { desk, next };
}
const file = (name: string, text: string) => new File([text], name);

it('leaves commands of a run to others', () => {
  const { desk } = start();
  expect(desk({ type: 'train', run: 1 })).toBe(false);
  expect(desk({ type: 'cancel', request: 1 })).toBe(true);
});

it('reads files, and names a bad one by its path', async () => {
  const { desk, next } = start();
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 2 ? 'a' : 'b'}`);
  const table = file('t.csv', ['x,y', ...rows].join('\n'));
  desk({ type: 'open', request: 1, files: [table], paths: ['t.csv'] });
  expect((await next(1))[0]).toMatchObject({ type: 'columns', request: 1, columns: ['x', 'y'] });
  desk({ type: 'open', request: 2, files: [table], paths: ['t.csv'], labelColumn: 1 });
  expect((await next(2))[1]).toMatchObject({ type: 'opened', request: 2, spec: { train: 16 } });
  desk({ type: 'open', request: 3, files: [file('b.csv', '')], paths: ['folder/b.csv'] });
  expect((await next(3))[2]).toMatchObject({
    type: 'failed',
    request: 3,
    failure: { kind: 'file', message: expect.stringMatching(/^"folder\/b.csv" is empty/) },
  });
});

it('answers a request that is cancelled by saying so, and nothing else', async () => {
  const { desk, next } = start();
  const cancelled: Command = {
    type: 'open',
    request: 1,
    files: [file('t.csv', 'x,y\n1,a')],
    paths: ['t.csv'],
  };
  desk(cancelled);
  desk({ type: 'cancel', request: 1 });
  expect(await next(1)).toEqual([{ type: 'cancelled', request: 1 }]);
});
