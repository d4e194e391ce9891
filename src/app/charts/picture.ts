/**
 * Charts as a picture that needs no page: their SVG with the styles that they show written out, on the panel's colour, each
 * below its title; or the same as PNG at twice its size.
 */

/** What decides how SVG looks, of the properties that the page's style sheets set. */
const properties = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'visibility',
] as const;

/** Attributes that mean something to the page only; ids are what clip paths are found by. */
const ofThePage = /^(class|style|role|tabindex|aria-.*|data-.*)$/;
const unseen = new Set(['title', 'desc', 'defs', 'clipPath']);

const namespace = 'http://www.w3.org/2000/svg';
const titleHeight = 24;
const border = 8;

/**
 * Writes the styles of an element and all within it into its copy, where they differ from what is around it; what is not
 * shown, and groups of nothing, are left out.
 */
function writeStyles(shown: Element, copy: Element, around?: CSSStyleDeclaration): void {
  const style = getComputedStyle(shown);
  const pairs = [...shown.children].map((child, i) => [child, copy.children[i]!] as const);
  for (const [child, twin] of pairs) {
    if (getComputedStyle(child).display === 'none' && !unseen.has(child.tagName)) twin.remove();
    else if (!unseen.has(child.tagName)) writeStyles(child, twin, style);
    if (twin.tagName === 'g' && twin.childElementCount === 0) twin.remove();
  }
  for (const { name } of [...copy.attributes]) if (ofThePage.test(name)) copy.removeAttribute(name);
  for (const property of properties) {
    const value = style.getPropertyValue(property);
    const differs = property === 'opacity' ? value !== '1' : value !== around?.getPropertyValue(property);
    if (value && (differs || copy.hasAttribute(property))) copy.setAttribute(property, value);
  }
}

/** A chart on the page and its title in the picture. */
export interface Part {
  chart: SVGSVGElement;
  title: string;
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * @param parts one below the other, each under its title
 * @param background a CSS colour
 * @returns a whole SVG document
 */
export function pictureOf(parts: readonly Part[], background: string): string {
  const paper = element('rect', { width: '100%', height: '100%', fill: background });
  const inside: SVGElement[] = [];
  let [wide, high] = [0, border];
  for (const { chart, title } of parts) {
    const { width, height } = chart.getBoundingClientRect();
    const style = getComputedStyle(chart);
    const name = element('text', {
      x: border,
      y: high + 13,
      'font-family': style.fontFamily,
      'font-size': '13px',
      'font-weight': 600,
      fill: style.color,
    });
    name.textContent = title;
    const copy = chart.cloneNode(true) as SVGSVGElement;
    writeStyles(chart, copy);
    const place = { x: border, y: high + titleHeight, width, height, overflow: 'visible' };
    for (const [key, value] of Object.entries(place)) copy.setAttribute(key, String(value));
    inside.push(name, copy);
    wide = Math.max(wide, Math.ceil(width) + 2 * border);
    high += titleHeight + Math.ceil(height) + border;
  }
  const outer = element('svg', { width: wide, height: high, viewBox: `0 0 ${wide} ${high}` });
  outer.append(paper, ...inside);
  return `${new XMLSerializer().serializeToString(outer)}\n`;
}

/** @param svg a document of `pictureOf` @throws Error if the browser cannot draw it */
export async function drawn(svg: string, scale = 2): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = scale * image.width;
  canvas.height = scale * image.height;
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The browser drew no picture of the chart.');
  return blob;
}
