/** Small drawings of the generated datasets: fixed pictures, not the data themselves. */
import type { ReactNode } from 'react';
import type { GeneratedSpec } from '@/catalog/datasets';

type Kind = GeneratedSpec['kind'];
type Sketch = (random: () => number, scatter: () => number, second: boolean) => [x: number, y: number];

const sketches = {
  spirals: (random, _scatter, second) => {
    const radius = Math.sqrt(random());
    const angle = radius * 9 + (second ? Math.PI : 0);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  circles: (random, scatter, second) => {
    const angle = 6.3 * random();
    const radius = second ? 0.85 + 0.08 * scatter() : 0.4 * random();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  moons: (random, scatter, second) => {
    const angle = Math.PI * random();
    const side = second ? -1 : 1;
    return [
      0.3 * side + 0.6 * Math.cos(angle) + 0.06 * scatter(),
      side * (0.2 - 0.8 * Math.sin(angle)) + 0.06 * scatter(),
    ];
  },
  xor: (random, _scatter, second) => {
    const x = (0.12 + 0.75 * random()) * (random() < 0.5 ? 1 : -1);
    return [x, (0.12 + 0.75 * random()) * Math.sign(x) * (second ? 1 : -1)];
  },
  gaussians: (_random, scatter, second) => {
    const side = second ? 0.45 : -0.45;
    return [side + 0.28 * scatter(), 0.9 * side + 0.32 * scatter()];
  },
} satisfies Partial<Record<Kind, Sketch>>;

/** One path of dots for each class, in a box of 84 × 52. */
function dots(sketch: Sketch): [string, string] {
  let state = 5;
  const random = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const scatter = () => random() + random() + random() - 1.5;
  const paths: [string, string] = ['', ''];
  for (let index = 0; index < 110; index++) {
    const second = index % 2 === 1;
    const [x, y] = sketch(random, scatter, second);
    paths[second ? 1 : 0] += `M${(42 + 23 * x).toFixed(1)} ${(26 - 22 * y).toFixed(1)}h0`;
  }
  return paths;
}

const stroke = { fill: 'none', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

const points = (sketch: Sketch): ReactNode => {
  const [first, second] = dots(sketch);
  return (
    <>
      <path {...stroke} strokeWidth="2.5" stroke="var(--neg)" d={first} />
      <path {...stroke} strokeWidth="2.5" stroke="var(--pos)" d={second} />
    </>
  );
};
const ink = (d: string): ReactNode => <path {...stroke} strokeWidth="3" stroke="var(--ink-2)" d={d} />;
/** A line of text, its answer in full ink. */
const line = (prompt: string, answer: string): ReactNode => (
  <text x="42" y="31" textAnchor="middle" fontSize="13" fontFamily="monospace" fill="var(--ink-3)">
    {prompt}
    <tspan fontWeight="700" fill="var(--ink)">
      {answer}
    </tspan>
  </text>
);

const drawn: Record<Kind, ReactNode> = {
  spirals: points(sketches.spirals),
  circles: points(sketches.circles),
  moons: points(sketches.moons),
  xor: points(sketches.xor),
  gaussians: points(sketches.gaussians),
  digits: ink('M10 15q8-7 12 0t-6 10q10 1 7 9t-14 4M33 14h15l-8 26M74 13q-14 2-13 16 0 11 7 11t8-8-13-5'),
  textures: (
    <>
      <circle cx="21" cy="26" r="10" fill="none" stroke="var(--neg)" strokeWidth="5" />
      {ink('M48 42l8-32M57 42l8-32M66 42l8-32')}
    </>
  ),
  addition: line('12+34=', '46'),
  reversing: line('abc=', 'cba'),
  brackets: line('([])=', 'y'),
};

export function Thumbnail({ kind }: { kind: Kind }) {
  return (
    <svg viewBox="0 0 84 52" aria-hidden="true">
      {drawn[kind]}
    </svg>
  );
}
