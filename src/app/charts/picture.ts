/**
 * Charts as a picture that needs no page: their SVG with the styles that they show written out, on the panel's colour, each
 * below its title; or the same as PNG at twice its size. What is drawn with HTML becomes SVG on the way (./boxes.ts).
 */
import { boxesOf } from './boxes';
import { element } from './svg';

const titleHeight = 24;
const border = 8;

/** A chart on the page and its title in the picture. */
export interface Part {
  chart: Element;
  title: string;
}

/**
 * @param parts one below the other, each under its title
 * @param background a CSS colour
 * @returns a whole SVG document
 */
export function pictureOf(parts: readonly Part[], background: string): string {
  const paper = element('rect', { width: '100%', height: '100%', fill: background });
  const inside: SVGElement[] = [];
  const page = getComputedStyle(document.body);
  // What is above another chart on the page stays above it.
  const start = Math.min(...parts.map(({ chart }) => chart.getBoundingClientRect().left));
  let [wide, high] = [0, border];
  for (const { chart, title } of parts) {
    const { left, top, width, height } = chart.getBoundingClientRect();
    const name = element('text', {
      x: border,
      y: high + 13,
      'font-family': page.fontFamily,
      'font-size': '13px',
      'font-weight': 600,
      fill: page.color,
    });
    name.textContent = title;
    const group = element('g', { transform: `translate(${border + left - start} ${high + titleHeight})` });
    group.append(...boxesOf(chart, { x: left, y: top }));
    for (const each of group.children) if (each.tagName === 'svg') each.setAttribute('overflow', 'visible');
    inside.push(name, group);
    wide = Math.max(wide, Math.ceil(left - start + width) + 2 * border);
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
