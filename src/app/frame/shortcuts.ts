/** Keys that work where no control has the focus: Space and K train and pause. */
import { useEffect } from 'react';
import { toggleTraining } from '@/store/session';

const controls =
  'button, input, select, textarea, a, summary, [role="tab"], [role="menuitem"], [contenteditable]';

/** Whether a key pressed here is meant for the page and not for a control or an open dialog. */
export const isFree = (element: Element | null): boolean =>
  !element?.closest(controls) && !document.querySelector('[role="dialog"], [role="menu"]');

export function useShortcuts(): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if ((event.key !== ' ' && event.key.toLowerCase() !== 'k') || !isFree(document.activeElement)) return;
      event.preventDefault();
      toggleTraining();
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}
