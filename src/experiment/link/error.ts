/** What the parts of a decoder throw; decodeLink turns it into its answer. */

/** The message is one sentence for the person. */
export class LinkError extends Error {
  override name = 'LinkError';
}

const echoed = 32;

/** A piece of the input as it may be shown: printable ASCII, cut to 32 characters, in quotation marks. */
export function quote(text: string): string {
  const start = text.slice(0, echoed + 1).replace(/[^\x21-\x7e]/g, '?');
  return `“${start.length > echoed ? `${start.slice(0, echoed)}…` : start}”`;
}
