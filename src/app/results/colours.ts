/** Design tokens as numbers, for canvases; they follow the theme. */
import { useSyncExternalStore } from 'react';
import type { Rgb } from './fieldPicture';

const dark = '(prefers-color-scheme: dark)';

function subscribe(changed: () => void): () => void {
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

/** The values of tokens ("--ink") as they are on `element`. */
export function readColours<T extends string>(element: Element, tokens: readonly T[]): Record<T, Rgb> {
  const probe = element.ownerDocument.createElement('i');
  element.append(probe);
  const read = (token: T): Rgb => {
    probe.style.color = `var(${token})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue];
  };
  const colours = Object.fromEntries(tokens.map((token) => [token, read(token)])) as Record<T, Rgb>;
  probe.remove();
  return colours;
}

export const css = (colour: Rgb, alpha = 1): string => `rgb(${colour.join(' ')} / ${alpha})`;
