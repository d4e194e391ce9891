/** Names that come from people, made harmless: what goes into a comment, and what becomes a file's name. */

/** Printable ASCII without what could end a comment, continue a line or be a trigraph. */
export function commentOf(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9 .,:;=+_()-]+/g, ' ').trim();
  return plain.slice(0, 80) || 'model';
}

/** Small letters, digits and underscores, not empty, at most 40. */
export function fileStemOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return plain.slice(0, 40).replace(/_+$/, '') || 'model';
}
