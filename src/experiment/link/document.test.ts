/** docs/link-format.md against the code: its examples, errors and tables. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { datasetKinds, fileFormats, ownData } from '@/catalog/datasets';
import type { Field } from '@/catalog/fields';
import { layerKinds } from '@/catalog/layers';
import { optimizers } from '@/catalog/optimizers';
import { sites } from '@/catalog/quantizers';
import { experimentFromFile, maxFileBytes } from '../file';
import { maxMacs, maxParameters } from '../network';
import { maxBatchValues, maxChanges, maxLayers } from '../schema';
import { decodeLink, encodeLink, maxLinkLength, maxLinkText } from './index';

const page = readFileSync(new URL('../../../docs/link-format.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)\`\`\`$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
const section = (title: string) => page.split(/^## /m).find((part) => part.startsWith(title)) ?? '';

describe('the page on the link format', () => {
  const links = blocks('link').map((block) => block.trim());
  test('has examples', () => expect(links.length).toBeGreaterThanOrEqual(4));
  test.each(links)('%s is canonical', (link) => {
    const decoded = decodeLink(link);
    expect(decoded).toHaveProperty('ok', true);
    expect(decoded.ok && encodeLink(decoded.experiment)).toBe(link);
  });

  const errors = [...section('Errors').matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(
    ([, link = '', message = '']) => [link, message] as const,
  );
  test('names errors', () => expect(errors.length).toBeGreaterThanOrEqual(10));
  test.each(errors)('%s is refused in these words', (link, message) => {
    expect(decodeLink(link)).toEqual({ ok: false, message });
  });

  test('its file opens, and its link is that of its experiment', () => {
    const [text = ''] = blocks('json');
    const opened = experimentFromFile(text, 'example.json');
    expect(opened).toHaveProperty('ok', true);
    expect(opened.ok && `#${encodeLink(opened.experiment)}`).toBe(JSON.parse(text).link);
  });

  test('lists every token of the catalog', () => {
    const options = (fields: readonly Field[]) =>
      fields.flatMap((field) => (field.type === 'choice' ? Object.values(field.options) : [field]));
    const described = [
      ...Object.values(layerKinds).flatMap((kind) => [kind, ...options([...kind.fields, ...kind.choices])]),
      ...Object.values(datasetKinds).flatMap((kind) => [kind, ...options(kind.fields)]),
      ...Object.values(optimizers).flatMap((kind) => [kind, ...options(kind.fields)]),
      ...Object.values(sites).flatMap((site) => [site, ...options(site.fields)]),
      ...options(ownData.fields),
      ...Object.values(fileFormats),
      ownData,
    ];
    for (const { token } of described) if (token) expect(page).toContain(`\`${token}\``);
  });

  test('gives the limits', () => {
    for (const limit of [maxParameters, maxMacs, maxBatchValues, maxLinkText, maxLinkLength, maxChanges])
      expect(page).toContain(limit.toLocaleString('en'));
    expect(page).toContain(`1 to ${maxLayers};`);
    expect(maxFileBytes).toBe(1_000_000);
  });
});
