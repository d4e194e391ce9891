/** The browser's image decoder, in the worker. */
import type { ImageHeader } from './imageHeader';

/**
 * Decodes an image and scales it to width x height (its first frame, the sides each by their own factor). Returns RGBA,
 * width x height x 4 bytes, transparent parts on white. Rejects where the bytes cannot be decoded.
 */
export type DecodeImage = (
  bytes: Uint8Array,
  type: ImageHeader['type'],
  width: number,
  height: number,
) => Promise<Uint8ClampedArray>;

/** Whether this engine can decode at all: browsers can, Node cannot. */
export const canDecode = () =>
  typeof createImageBitmap === 'function' && typeof OffscreenCanvas === 'function';

let canvas: OffscreenCanvas | undefined;
let context: OffscreenCanvasRenderingContext2D | undefined;

export const decodeImage: DecodeImage = async (bytes, type, width, height) => {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }), {
    // The numbers in the file, not what a screen of some kind would show for them.
    colorSpaceConversion: 'none',
  });
  // Drawn and read at once: others that decode meanwhile use the same canvas.
  if (canvas?.width !== width || canvas.height !== height || !context) {
    canvas = new OffscreenCanvas(width, height);
    context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.imageSmoothingQuality = 'high';
  }
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
};
