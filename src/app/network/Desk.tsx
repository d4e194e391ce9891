/** The mixing desk: one strip for each layer that rounds, the input row, thin rows between, blocks that fold, and one strip for all. */
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Bits } from '@/catalog/bits';
import { datasetInfo } from '@/catalog/datasets';
import { descriptorOf, rounds } from '@/catalog/layers';
import { activationBits } from '@/catalog/quantizers';
import { layerNames, type ResolvedLayer, resolveNetwork, roundsInput } from '@/experiment/network';
import { modelSize } from '@/experiment/size';
import { useAnalysis } from '@/store/analysis';
import { useSettings } from '@/store/experiment';
import { selectLayer } from '@/store/session';
import { shownLayer } from '@/store/worker';
import { useWorkspace } from '@/store/workspace';
import { useLearnedWidths } from '../learnedWidths';
import { Term } from '../Term';
import { AllLayers } from './AllLayers';
import type { ArcPiece } from './Arcs';
import { BlockHead, BlockStrip } from './BlockStrip';
import { type Arc, arcsOf, type Block, blocksOf, foldFrom, partOf } from './blocks';
import styles from './Desk.module.css';
import { InputStrip } from './InputStrip';
import { LayerStrip } from './LayerStrip';
import { bitsAt } from './layers';
import { ThinRow } from './ThinRow';

/** Bits of the wire that comes into each layer, and what leaves the last. */
function wireBits(layers: readonly ResolvedLayer[], input: Bits): Bits[] {
  const bits = [input];
  for (const { spec } of layers) bits.push(rounds(spec) ? bitsAt(spec, 'activations') : bits.at(-1)!);
  return bits;
}

const piecesOf = (
  arcs: readonly Arc[],
  layers: readonly ResolvedLayer[],
  wires: readonly Bits[],
  first: number,
  last = first,
): ArcPiece[] =>
  arcs.flatMap((arc) => {
    const part = partOf(arc, first, last);
    const what = `what comes into ${layers[arc.from]!.name} is added in ${layers[arc.to]!.name}`;
    return part ? [{ part, lane: arc.lane, bits: wires[arc.from]!, what }] : [];
  });

/** Blocks that are open or folded by the person's hand, by name; the others are as the network's length has it. */
function useFolds(names: string, long: boolean) {
  const [chosen, setChosen] = useState<{ names: string; open: Record<string, boolean> }>({ names, open: {} });
  const open = chosen.names === names ? chosen.open : {};
  const isOpen = (block: Block) => open[block.name] ?? !long;
  // The button that was pressed goes with its row; the focus goes to the one that takes its place.
  const pressed = useRef<string | null>(null);
  useEffect(() => {
    if (pressed.current === null) return;
    document.querySelector<HTMLElement>(`[data-block="${pressed.current}"]`)?.focus();
    pressed.current = null;
  });
  const toggle = (block: Block) => {
    pressed.current = block.name;
    setChosen({ names, open: { ...open, [block.name]: !isOpen(block) } });
  };
  return { isOpen, toggle };
}

/** Up and down go from strip to strip, home and end to the first and the last; right unfolds a block and left folds it. */
function moveThrough(event: KeyboardEvent<HTMLElement>): void {
  const { target, key, currentTarget } = event;
  if (!(target instanceof HTMLElement) || target.dataset.strip === undefined) return;
  const all = [...currentTarget.querySelectorAll<HTMLElement>('[data-strip]')];
  const at = all.indexOf(target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
  if (to !== undefined) {
    event.preventDefault();
    const next = all[to];
    next?.focus();
    if (next && next.dataset.block === undefined) selectLayer(next.dataset.strip!);
  }
  const folds = { ArrowRight: 'false', ArrowLeft: 'true' }[key];
  if (target.dataset.block !== undefined && target.getAttribute('aria-expanded') === folds) target.click();
}

export function Desk() {
  const settings = useSettings();
  const { dataset, layers, input } = settings;
  const resolved = useMemo(() => resolveNetwork({ dataset, layers }), [dataset, layers]);
  const blocks = useMemo(() => blocksOf(resolved), [resolved]);
  const arcs = useMemo(() => arcsOf(resolved), [resolved]);
  const widths = useLearnedWidths();
  const size = useMemo(() => modelSize({ dataset, layers, input }, widths), [dataset, layers, input, widths]);
  const selected = shownLayer(
    useWorkspace((state) => state.selected),
    layers,
  );
  const { isOpen, toggle } = useFolds(layerNames(layers).join(), layers.filter(rounds).length >= foldFrom);
  const measured = useAnalysis((state) => state.sensitivity !== null);
  const sizeOf = (name: string) => size.layers.find((entry) => entry.name === name)!;
  const largest = Math.max(...size.layers.map(({ float }) => float));
  const wires = wireBits(resolved, activationBits(input));
  const lanes = Math.max(0, ...arcs.map(({ lane }) => lane + 1));

  const row = (layer: ResolvedLayer, index: number): ReactNode => {
    const { spec, name, last } = layer;
    const pieces = piecesOf(arcs, resolved, wires, index);
    if (!rounds(spec))
      return (
        <ThinRow
          key={name}
          layer={layer}
          bits={wires[index]!}
          label={descriptorOf(spec).label}
          arcs={pieces}
        />
      );
    return (
      <LayerStrip
        key={name}
        name={name}
        layer={layer}
        spec={spec}
        size={sizeOf(name)}
        largest={largest}
        incoming={wires[index]!}
        last={last}
        selected={selected === name}
        arcs={pieces}
      />
    );
  };
  const blockRow = (block: Block): ReactNode => {
    const { from, to, name } = block;
    const inside = resolved.slice(from, to + 1);
    const head = { block, open: isOpen(block), onToggle: () => toggle(block) };
    if (head.open)
      return [
        <BlockHead key={name} {...head} bits={wires[from]!} />,
        ...inside.map((layer, i) => row(layer, from + i)),
      ];
    return (
      <BlockStrip
        key={name}
        {...head}
        layers={layers}
        inside={inside}
        sizes={inside.filter(({ spec }) => rounds(spec)).map((layer) => sizeOf(layer.name))}
        largest={largest}
        incoming={wires[from]!}
        outgoing={wires[to + 1]!}
        arcs={piecesOf(arcs, resolved, wires, from, to)}
        selected={inside.some((layer) => layer.name === selected)}
      />
    );
  };

  return (
    <div className={styles.desk} style={{ '--lanes': lanes } as object} data-arcs={lanes > 0}>
      <div className={styles.columns}>
        <span>Layer</span>
        <span>
          <Term name="weights">Latent weights</Term>
        </span>
        <span>Bits</span>
        <span>
          <Term name="sqnr" />
          {measured && <Term name="sensitivity">Sensitivity</Term>}
          <Term name="modelSize">Bytes</Term>
        </span>
      </div>
      <AllLayers resolved={resolved} size={size} layers={layers} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons inside */}
      <div className={styles.layers} onKeyDown={moveThrough}>
        {roundsInput(dataset) && (
          <InputStrip site={input} shape={datasetInfo(dataset).inputShape} selected={selected === 'input'} />
        )}
        {resolved.map((layer, index) => {
          const block = blocks.find(({ from, to }) => index >= from && index <= to);
          if (!block) return row(layer, index);
          return index === block.from ? blockRow(block) : null;
        })}
      </div>
    </div>
  );
}
