/** Design tokens as numbers, for canvases; they follow the theme. */
import { useSyncExternalStore } from 'react';
import type { Rgb } from './fieldPicture';

const dark = '(prefers-color-scheme: dark)';

/** Values read since the theme last changed. */
const known = new Map<string, Rgb>();

function subscribe(listener: () => void): () => void {
  const changed = () => {
    known.clear();
    listener();
  };
  const media = matchMedia(dark);
  media.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme', 'style'] });
  return () => {
    media.removeEventListener('change', changed);
    observer.disconnect();
  };
}

/** Which of the two schemes is drawn now; a component that calls it draws again when it changes. */
export function useScheme(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () => {
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    const isDark = scheme.includes('dark') && (!scheme.includes('light') || matchMedia(dark).matches);
    return isDark ? 'dark' : 'light';
  });
}

function readColour(token: string): Rgb {
  const probe = document.createElement('i');
  probe.style.color = `var(${token})`;
  // the token itself, where the system has colours of its own for text
  probe.style.setProperty('forced-color-adjust', 'none');
  document.body.append(probe);
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return [red, green, blue];
}

/** The present values of tokens ("--ink"); they stay right while some component uses the scheme. */
export function readColours<T extends string>(tokens: readonly T[]): Record<T, Rgb> {
  for (const token of tokens) if (!known.has(token)) known.set(token, readColour(token));
  return Object.fromEntries(tokens.map((token) => [token, known.get(token)])) as Record<T, Rgb>;
}

export const css = (colour: Rgb, alpha = 1): string => `rgb(${colour.join(' ')} / ${alpha})`;
