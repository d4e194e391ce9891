/** A block of layers: folded one strip that speaks to all of its layers, open a line above their own. */
import type { Bits } from '@/catalog/bits';
import { type LayerSpec, rounds, siteAt } from '@/catalog/layers';
import { siteBits, type TensorKind, tensorKindOf } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import type { LayerSize } from '@/experiment/size';
import { edit } from '@/store/editing';
import { useLive } from '@/store/live';
import { BitCells } from '../controls/BitCells';
import { bytes, decibels, plural, short } from '../format';
import { help } from '../Term';
import { type ArcPiece, Arcs } from './Arcs';
import own from './Blocks.module.css';
import { type Block, blockWords } from './blocks';
import styles from './Desk.module.css';
import { commonBits, editsForAll } from './layers';
import { commonChoice, quantizersOf, widthReason } from './quantizers';
import { Node, Wire } from './Wire';

interface HeadProps {
  block: Block;
  open: boolean;
  onToggle(): void;
}

const title = ({ name }: Block) => name[0]!.toUpperCase() + name.slice(1);

const FoldButton = ({ block, open, onToggle }: HeadProps) => (
  <button
    type="button"
    className={own.fold}
    data-strip={block.name}
    data-block={block.name}
    aria-expanded={open}
    onClick={onToggle}
    {...help(blockWords[block.kind].help)}
  >
    <span aria-hidden="true">{open ? '▾' : '▸'}</span> {title(block)}
  </button>
);

/** The line above the strips of an open block. */
export const BlockHead = ({ bits, ...head }: HeadProps & { bits: Bits }) => (
  <div className={`${styles.thin} ${styles.head}`}>
    <Wire bits={bits} end="through" />
    <FoldButton {...head} />
  </div>
);

interface Props extends HeadProps {
  layers: readonly LayerSpec[];
  /** The block's own. */
  inside: readonly ResolvedLayer[];
  sizes: readonly LayerSize[];
  /** Bytes in float32 that fill the bar. */
  largest: number;
  incoming: Bits;
  outgoing: Bits;
  arcs: readonly ArcPiece[];
  selected: boolean;
}

export function BlockStrip({
  block,
  open,
  onToggle,
  layers,
  inside,
  sizes,
  largest,
  incoming,
  outgoing,
  arcs,
  selected,
}: Props) {
  const sum = (key: 'parameters' | 'macs') => inside.reduce((total, layer) => total + layer[key], 0);
  const total = sizes.reduce((all, size) => all + size.total, 0);
  const float = sizes.reduce((all, size) => all + size.float, 0);
  const sites = inside.reduce((all, layer) => all + layer.sites.length, 0);
  const width = (part: number) => `${Math.min(100, (100 * part) / largest)}%`;
  return (
    <article className={styles.strip} data-selected={selected}>
      <Node />
      <Wire bits={incoming} end="in" />
      <Wire bits={outgoing} end="out" />
      <Arcs pieces={arcs} />
      <div className={styles.names}>
        <h3>
          <FoldButton block={block} open={open} onToggle={onToggle} />
        </h3>
        <p {...help(inside.map(({ name }) => name).join(', '))}>
          {plural(inside.length, 'layer')}, {plural(sites, 'site')}
        </p>
        <p>
          {short(sum('parameters'))} par · {short(sum('macs'))} MAC
        </p>
      </div>
      <Profile inside={inside} />
      <div className={styles.cells}>
        {(['weights', 'activations'] as const).map((kind) => (
          <Cells key={kind} kind={kind} block={block} layers={layers} />
        ))}
      </div>
      <div className={styles.cost}>
        <Worst inside={inside} />
        <div className={styles.bar} aria-hidden="true">
          <i style={{ width: width(float) }} />
          <i style={{ width: width(total) }} />
        </div>
        <div>
          <span>{bytes(total)}</span>
          <span>of {bytes(float)}</span>
        </div>
      </div>
    </article>
  );
}

function Cells({ kind, block, layers }: { kind: TensorKind; block: Block; layers: readonly LayerSpec[] }) {
  const chosen = commonChoice(layers, kind, 'quantizer', block);
  const descriptor = chosen === undefined ? undefined : quantizersOf(kind)[chosen];
  return (
    <BitCells
      sign={kind === 'weights' ? 'W' : 'A'}
      of={block.name}
      value={commonBits(layers, kind, block)}
      widths={descriptor?.bits}
      reason={descriptor && widthReason(descriptor)}
      onChoose={(bits) => edit(editsForAll(layers, kind, bits, block))}
    />
  );
}

/** The fewest bits of a layer's weights, and its output's. */
const bitsOf = ({ spec, sites }: ResolvedLayer) => {
  const weights = sites.filter((name) => tensorKindOf(name) === 'weights');
  const widths = weights.map((name) => siteBits(name, siteAt(spec, name)!));
  return {
    weights: widths.length > 0 ? (Math.min(...widths) as Bits) : undefined,
    output: siteBits('activations', siteAt(spec, 'activations')!),
  };
};

/** The precision of the layers inside, from left to right: weights above, outputs below. */
const Profile = ({ inside }: { inside: readonly ResolvedLayer[] }) => (
  <div className={own.profile} aria-hidden="true">
    {inside
      .filter(({ spec }) => rounds(spec))
      .map((layer) => {
        const { weights, output } = bitsOf(layer);
        return (
          <span
            key={layer.name}
            {...help(
              `${layer.name}: ${weights === undefined ? '' : `weights ${weights} bits, `}output ${output} bits.`,
            )}
          >
            <i {...(weights === undefined ? {} : { 'data-b': weights })}>{weights}</i>
            <i data-b={output}>{output}</i>
          </span>
        );
      })}
  </div>
);

/** The layer that loses most. */
function Worst({ inside }: { inside: readonly ResolvedLayer[] }) {
  const noise = useLive((live) => {
    const all = inside.flatMap(({ name }) => {
      const seen = live.layers[name]?.sites.activations?.sqnrDb;
      return seen !== undefined && Number.isFinite(seen) ? [{ name, seen }] : [];
    });
    const [worst] = all.toSorted((a, b) => a.seen - b.seen);
    return worst && `A ${decibels(worst.seen)} ${worst.name}`;
  });
  return (
    <div
      {...help('The lowest signal-to-quantization-noise ratio of an output in the block, and whose it is.')}
    >
      <span className={own.worst}>{noise ?? 'A –'}</span>
    </div>
  );
}
