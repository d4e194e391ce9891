/** The sites inside a layer in short: a sign and the bits of each. A press shows their cells. */
import { type AnySite, type SiteName, siteBits, sites } from '@/catalog/quantizers';
import { help } from '../Term';
import own from './Blocks.module.css';

/** As in formulas: small letters for weights, capitals for what they make. */
const signs = {
  weights: 'W',
  activations: 'A',
  recurrent: 'rec',
  query: 'q',
  key: 'k',
  value: 'v',
  positions: 'pos',
  gates: 'gates',
  queries: 'Q',
  keys: 'K',
  values: 'V',
  scores: 'QK',
  softmax: 'P',
  context: 'PV',
} as const satisfies Record<SiteName, string>;

interface Props {
  layer: string;
  inside: readonly { name: SiteName; site: AnySite }[];
  open: boolean;
  onToggle(): void;
}

export function SiteChips({ layer, inside, open, onToggle }: Props) {
  const list = inside.map(({ name, site }) => {
    const bits = siteBits(name, site);
    return `${sites[name].label} ${bits === 32 ? 'float' : bits}`;
  });
  return (
    <button
      type="button"
      className={`quiet ${own.chips}`}
      aria-expanded={open}
      aria-label={`Sites inside ${layer}`}
      onClick={onToggle}
      {...help(`Where ${layer} also rounds: ${list.join(', ')}.`)}
    >
      <span aria-hidden="true">{open ? '▾' : '▸'}</span>
      {open
        ? 'fewer'
        : inside.map(({ name, site }) => (
            <span key={name}>
              {signs[name]}
              <i data-b={siteBits(name, site)}>{siteBits(name, site)}</i>
            </span>
          ))}
    </button>
  );
}
