/** What the settings of a site in a float format hold. */
import { type FloatFormatName, floatFormats } from '@/catalog/formats';
import { type Grid, mode } from '../settings';

export function floatGrid(format: FloatFormatName): Grid {
  const { max } = floatFormats[format];
  return { qmin: -max, qmax: max, mode: mode.float };
}
