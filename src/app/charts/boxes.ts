/**
 * What HTML shows, as SVG without it: filled boxes, lines of text, canvases as images, and SVG as it is. Libraries that
 * take pictures of HTML put it into the SVG as it is (foreignObject), which programs for figures do not read.
 */
import { figures } from '../format';
import { element, writeStyles } from './svg';

/** Controls are of the page; words for screen readers are not seen. */
const left = 'button, input, select, fieldset, label, .sr';
/** Of the font's size: how far below the middle of a line its letters stand. */
const drop = 0.35;

interface Origin {
  readonly x: number;
  readonly y: number;
}

/** A colour as every program reads it, mixed ones too; undefined if it is clear. */
function plain(colour: string): string | undefined {
  const context = new OffscreenCanvas(1, 1).getContext('2d')!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  if (alpha === 0) return undefined;
  return alpha === 255
    ? `rgb(${red}, ${green}, ${blue})`
    : `rgba(${red}, ${green}, ${blue}, ${figures(alpha / 255, 3)})`;
}

function place(box: DOMRect, origin: Origin) {
  return { x: box.left - origin.x, y: box.top - origin.y, width: box.width, height: box.height };
}

/** Text as it is broken into lines, without what is cut off at `end`. */
function linesOf(text: Text, end: number): { words: string; box: DOMRect }[] {
  const range = document.createRange();
  const lines: { words: string; box: DOMRect }[] = [];
  const value = text.data;
  for (let i = 0; i < value.length; i++) {
    range.setStart(text, i);
    range.setEnd(text, i + 1);
    const box = range.getClientRects()[0];
    if (!box || box.width === 0 || box.right > end + 1) continue;
    const line = lines.at(-1);
    if (line && Math.abs(line.box.top - box.top) < 1) line.words += value[i];
    else lines.push({ words: value[i]!, box });
  }
  return lines.filter(({ words }) => words.trim() !== '');
}

function texts(text: Text, style: CSSStyleDeclaration, origin: Origin, end: number): SVGElement[] {
  const size = Number.parseFloat(style.fontSize);
  return linesOf(text, end).map(({ words, box }) => {
    const made = element('text', {
      x: box.left - origin.x,
      y: box.top - origin.y + box.height / 2 + drop * size,
      fill: plain(style.color) ?? 'none',
      'font-family': style.fontFamily,
      'font-size': style.fontSize,
      'font-weight': style.fontWeight,
    });
    made.textContent = style.textTransform === 'uppercase' ? words.toUpperCase() : words;
    return made;
  });
}

/**
 * @param shown an element on the page
 * @param origin what lies there in the window is at 0, 0
 * @param end text beyond this place in the window is cut off
 * @returns it and all within it, back to front
 */
export function boxesOf(shown: Element, origin: Origin, end = Number.POSITIVE_INFINITY): SVGElement[] {
  if (shown.matches(left)) return [];
  const style = getComputedStyle(shown);
  if (style.display === 'none' || style.visibility === 'hidden') return [];
  const box = place(shown.getBoundingClientRect(), origin);
  if (shown instanceof SVGSVGElement) {
    const copy = shown.cloneNode(true) as SVGSVGElement;
    writeStyles(shown, copy);
    for (const [key, value] of Object.entries(box)) copy.setAttribute(key, String(value));
    return [copy];
  }
  if (shown instanceof HTMLCanvasElement)
    return shown.width > 0 ? [element('image', { ...box, href: shown.toDataURL('image/png') })] : [];
  const fill = plain(style.backgroundColor);
  const rx = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const own = fill ? [element('rect', { ...box, rx, fill })] : [];
  const inner = style.overflowX === 'visible' ? end : Math.min(end, shown.getBoundingClientRect().right);
  const inside = [...shown.childNodes].flatMap((child) => {
    if (child instanceof Text) return texts(child, style, origin, inner);
    return child instanceof Element ? boxesOf(child, origin, inner) : [];
  });
  return [...own, ...inside];
}
