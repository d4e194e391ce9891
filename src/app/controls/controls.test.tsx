// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useNotices } from '@/store/notices';
import { BitCells } from './BitCells';
import { NumberBox } from './NumberBox';

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}

let root: Root;
let place: HTMLElement;
beforeEach(() => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  place = document.body.appendChild(document.createElement('div'));
  root = createRoot(place);
  useNotices.setState({ notices: [] });
});
afterEach(() => {
  act(() => root.unmount());
  place.remove();
});

describe('a number that is typed', () => {
  const committed: (number | undefined)[] = [];
  const box = () => place.querySelector('input')!;
  const type = (text: string, key?: string) =>
    act(() => {
      const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!;
      setter.call(box(), text);
      box().dispatchEvent(new Event('input', { bubbles: true }));
      if (key) box().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    });
  const enter = (text: string) => {
    type(text);
    act(() => void box().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })));
  };
  beforeEach(() => {
    committed.length = 0;
    act(() =>
      root.render(
        <NumberBox
          name="Noise"
          value={0.07}
          min={0}
          max={1}
          scale={100}
          onCommit={(v) => committed.push(v)}
        />,
      ),
    );
  });

  it('shows percent without binary dust and commits on Enter', () => {
    expect(box().value).toBe('7');
    enter('12.5');
    expect(committed).toEqual([0.125]);
  });
  it('takes a comma for the decimal point', () => {
    enter('3,5');
    expect(committed).toEqual([0.035]);
  });
  it('refuses what is out of range with one sentence and puts the old value back', () => {
    enter('200');
    expect(committed).toEqual([]);
    expect(box().value).toBe('7');
    expect(useNotices.getState().notices).toMatchObject([
      { tone: 'error', text: 'Noise must be a number from 0 to 100 %.' },
    ]);
  });
  it('keeps every digit of the largest seed', () => {
    act(() =>
      root.render(
        <NumberBox
          name="Seed"
          value={1}
          min={0}
          max={4294967295}
          integer
          onCommit={(v) => committed.push(v)}
        />,
      ),
    );
    enter('4294967295');
    expect(committed).toEqual([4294967295]);
  });
  it('takes the sentence away when the person types again', () => {
    enter('200');
    type('2');
    expect(useNotices.getState().notices).toEqual([]);
  });
  it('refuses words', () => {
    enter('many');
    expect(committed).toEqual([]);
  });
  it('commits nothing when the value is the old one', () => {
    enter('7');
    expect(committed).toEqual([]);
  });
});

describe('bit cells', () => {
  it('are a radio group with a name and native radios named by their bits', () => {
    act(() => root.render(<BitCells sign="W" of="dense1" value={4} onChoose={() => {}} />));
    const group = place.querySelector('[role="radiogroup"]');
    expect(group?.getAttribute('aria-label')).toBe('Weight bits, dense1');
    const radios = [...place.querySelectorAll<HTMLInputElement>('input[type="radio"]')];
    expect(radios.map((radio) => radio.getAttribute('aria-label'))).toEqual(
      [32, 8, 6, 5, 4, 3, 2, 1].map(String),
    );
    expect(
      radios
        .filter((radio) => radio.checked)
        .map((radio) => radio.ariaLabel ?? radio.getAttribute('aria-label')),
    ).toEqual(['4']);
  });
  it('are all unchecked at a width that has no cell', () => {
    act(() => root.render(<BitCells sign="A" of="dense1" value={7} onChoose={() => {}} />));
    expect(place.querySelectorAll('input:checked')).toHaveLength(0);
  });
});
