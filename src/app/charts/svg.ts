/** SVG elements, and the styles that the page's style sheets give them written into them. */

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

export function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * Writes the styles of an element and all within it into its copy, where they differ from what is around it; what is not
 * shown, and groups of nothing, are left out.
 */
export function writeStyles(shown: Element, copy: Element, around?: CSSStyleDeclaration): void {
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
