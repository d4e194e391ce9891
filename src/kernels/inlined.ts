/** The bytes of a file inlined as a data URL, decoded by hand: a page's security policy may forbid fetching data URLs. */
export function decodeInlined(url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (c) => c.charCodeAt(0));
}
