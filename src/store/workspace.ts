/** Preferences of this browser: theme, backend, what is selected. Kept in localStorage, read back through a schema. */
import { z } from 'zod';
import { create } from 'zustand';
import { backendChoices } from '@/catalog/backends';
import { hubAddress } from '@/catalog/hub';
import { type SiteName, siteNames } from '@/catalog/quantizers';

const schema = z.object({
  theme: z.enum(['auto', 'light', 'dark']).catch('auto'),
  backend: z.enum(backendChoices).catch('auto'),
  /** Name of the layer whose detail is shown; "" chooses one that is there. */
  selected: z.string().max(40).catch(''),
  /** Site of the selected layer that the detail shows. */
  site: z.enum(siteNames as [SiteName, ...SiteName[]]).catch('weights'),
  /** Tab of the result region. */
  resultTab: z.enum(['picture', 'draw', 'completion', 'boundary', 'samples', 'confusion']).catch('picture'),
  /** Tab of the workbench. */
  bench: z.string().max(24).catch('runs'),
  benchOpen: z.boolean().catch(false),
  /** Whether runs that differ in their seed alone are shown as one. */
  meanOverSeeds: z.boolean().catch(false),
  /** What the chart of all runs has accuracy against. */
  paretoAxis: z.enum(['size', 'bops', 'time']).catch('size'),
  /** Whether this browser has trained once: the hint for a first visit goes away. */
  trained: z.boolean().catch(false),
  /** Address of the hub's dataset viewer; only this browser's own storage can name another, never a link. */
  hub: z
    .url({ protocol: /^https?$/ })
    .max(200)
    .catch(hubAddress),
});
export type Preferences = z.infer<typeof schema>;
export type Theme = Preferences['theme'];

const key = 'qat-playground/preferences';
export const defaultPreferences: Preferences = schema.parse({});

function stored(): Preferences {
  try {
    const text = globalThis.localStorage?.getItem(key);
    return text ? schema.catch(defaultPreferences).parse(JSON.parse(text)) : defaultPreferences;
  } catch {
    return defaultPreferences; // storage is denied, or holds something else: start without preferences
  }
}

export const useWorkspace = create<Preferences>()(() => stored());

useWorkspace.subscribe((preferences) => {
  try {
    globalThis.localStorage?.setItem(key, JSON.stringify(preferences));
  } catch {
    // private windows may deny storage: preferences then last as long as the page
  }
});
