/** Something for each of the three networks, under its numbers. */
import type { ReactNode } from 'react';
import { type NetworkName, networks } from '@/session/networkNames';
import { Column } from './Column';
import styles from './Pictures.module.css';

export const columns = (picture: (network: NetworkName) => ReactNode) => (
  <div className={styles.columns}>
    {networks.map((network) => (
      <Column key={network} network={network}>
        {picture(network)}
      </Column>
    ))}
  </div>
);
