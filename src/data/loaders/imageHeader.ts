/**
 * What an image file says of itself in its first bytes: format, width and height. Read before anything is decoded, so that
 * a small file cannot ask for a giant picture. PNG (W3C PNG 3rd ed.), JPEG (ITU-T T.81), GIF (89a), WebP (RFC 9649).
 */

export interface ImageHeader {
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** 0 where the file ends before it says. */
  width: number;
  height: number;
}

type Read = (bytes: Uint8Array, view: DataView) => [width: number, height: number];
const ascii = (bytes: Uint8Array, from: number, text: string) =>
  [...text].every((character, i) => bytes[from + i] === character.charCodeAt(0));

const kinds: Record<ImageHeader['type'], { is: (bytes: Uint8Array) => boolean; size: Read }> = {
  'image/png': {
    is: (bytes) => bytes[0] === 0x89 && ascii(bytes, 1, 'PNG\r\n\x1a\n'),
    size: (_, view) => [view.getUint32(16), view.getUint32(20)],
  },
  'image/jpeg': {
    is: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
    size: jpegSize,
  },
  'image/gif': {
    is: (bytes) => ascii(bytes, 0, 'GIF8'),
    size: (_, view) => [view.getUint16(6, true), view.getUint16(8, true)],
  },
  'image/webp': {
    is: (bytes) => ascii(bytes, 0, 'RIFF') && ascii(bytes, 8, 'WEBP'),
    size: webpSize,
  },
};

/** Undefined where the bytes are no image of these formats. */
export function imageHeader(bytes: Uint8Array): ImageHeader | undefined {
  for (const [type, { is, size }] of Object.entries(kinds) as [
    ImageHeader['type'],
    (typeof kinds)[ImageHeader['type']],
  ][]) {
    if (!is(bytes)) continue;
    try {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [width, height] = size(bytes, view);
      return { type, width, height };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { type, width: 0, height: 0 };
    }
  }
  return undefined;
}

/** From marker segment to marker segment up to the frame header: SOF0 to SOF15, without DHT, JPG and DAC. */
function jpegSize(bytes: Uint8Array, view: DataView): [number, number] {
  let at = 2;
  for (;;) {
    if (view.getUint8(at) !== 0xff) return [0, 0];
    while (view.getUint8(at + 1) === 0xff) at++;
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += 2 + view.getUint16(at + 2);
  }
}

/** The canvas of VP8X, or the frame of VP8 (lossy) or VP8L (lossless, 14 bits each). */
function webpSize(bytes: Uint8Array, view: DataView): [number, number] {
  const uint24 = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  if (ascii(bytes, 12, 'VP8X')) return [1 + uint24(24), 1 + uint24(27)];
  if (ascii(bytes, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
  }
  return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}
