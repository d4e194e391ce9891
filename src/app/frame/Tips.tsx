/**
 * One tooltip for the whole page: shows the `data-help` text of what is hovered, focused or tapped. Escape hides it. The
 * text is also the element's accessible description while it shows. In a `data-explained` element, which holds a term and
 * its number, the term's explanation serves the number too.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import styles from './frame.module.css';

const id = 'tip';
const delayMs = 350;
const gap = 6;

function target(event: Event): HTMLElement | null {
  if (!(event.target instanceof Element)) return null;
  const found = event.target.closest<HTMLElement>('[data-help], [data-explained]');
  return found && found.dataset.help === undefined ? found.querySelector<HTMLElement>('[data-help]') : found;
}

export function Tips() {
  const [owner, setOwner] = useState<HTMLElement | null>(null);
  const ref = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (element: HTMLElement | null, delay: number) => {
      clearTimeout(timer);
      timer = setTimeout(setOwner, delay, element);
    };
    const over = (event: PointerEvent) => event.pointerType !== 'touch' && show(target(event), delayMs);
    const focus = (event: FocusEvent) => {
      const element = target(event);
      if (element?.matches(':focus-visible')) show(element, delayMs);
    };
    const tap = (event: PointerEvent) => {
      const element = target(event);
      // A tap on a plain label explains it; a tap on a control works it.
      const plain = element && !element.matches('button, input, select, label');
      show(event.pointerType === 'touch' && plain ? element : null, 0);
    };
    const hide = () => show(null, 0);
    const key = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', focus);
    document.addEventListener('focusout', hide);
    document.addEventListener('pointerdown', tap);
    document.addEventListener('keydown', key);
    document.addEventListener('scroll', hide, true);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerover', over);
      document.removeEventListener('focusin', focus);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('pointerdown', tap);
      document.removeEventListener('keydown', key);
      document.removeEventListener('scroll', hide, true);
    };
  }, []);

  useLayoutEffect(() => {
    const tip = ref.current;
    if (!owner || !tip) return;
    owner.setAttribute('aria-describedby', id);
    const box = owner.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const below = box.bottom + gap + height <= innerHeight;
    tip.style.left = `${Math.max(gap, Math.min(box.left, innerWidth - width - gap))}px`;
    tip.style.top = `${below ? box.bottom + gap : Math.max(gap, box.top - gap - height)}px`;
    return () => owner.removeAttribute('aria-describedby');
  }, [owner]);

  if (!owner?.isConnected) return null;
  return (
    <div ref={ref} id={id} role="tooltip" className={styles.tip}>
      {owner.dataset.help}
    </div>
  );
}
