import { useMediaQuery } from '@mantine/hooks';

/** Whether the page is one column wide: the breakpoint of the stylesheets. */
export const useNarrow = (): boolean =>
  useMediaQuery('(max-width: 899px)', undefined, { getInitialValueInEffect: false }) ?? false;
