/**
 * The panels of the workbench, in the order of their tabs. A panel is one entry here and one component, which is fetched
 * when its tab is first opened.
 */
import type { ComponentType } from 'react';

export interface Panel {
  label: string;
  /** For the tab's tooltip. */
  help: string;
  /** Fills the workbench's panel: a box that scrolls by itself, 252 px high on a large screen. */
  load: () => Promise<{ default: ComponentType }>;
  /** Wants more height than a table of a few rows: 420 px. */
  tall?: boolean;
}

export const panels = {
  runs: {
    label: 'Runs',
    help: 'Pinned and swept runs side by side: their numbers, their curves, and what they cost.',
    load: () => import('../runs/Runs'),
  },
  sweep: {
    label: 'Sweep',
    help: 'Trains one run after the other over bits, quantizers and seeds, in a worker of its own.',
    load: () => import('../sweep/Sweep'),
  },
  allocate: {
    label: 'Allocate',
    help: 'Finds which layers mind rounding, and gives each the bits that do least harm within a budget.',
    load: () => import('../allocate/Allocate'),
  },
  robustness: {
    label: 'Robustness',
    help: 'Accuracy of the float, PTQ and QAT network while the test examples get worse.',
    load: () => import('../robustness/Robustness'),
  },
  deploy: {
    label: 'Deploy',
    help: 'Whether the network fits real devices, whether it runs elsewhere to the same answers, and files of it.',
    load: () => import('../deploy/Deploy'),
    tall: true,
  },
} as const satisfies Record<string, Panel>;

export type PanelKey = keyof typeof panels;
export const panelKeys = Object.keys(panels) as PanelKey[];
