/** The numbers of one site: its grid and what rounding does to the values. */
import { memo, type ReactNode } from 'react';
import type { Oscillation, SiteDetail, SiteHistory } from '@/session/protocol';
import { count, dash, decibels, figures, percent } from '../format';
import { Term } from '../Term';
import styles from './Facts.module.css';
import { isAfterTanh, isFloat, isSign, levels } from './grid';
import { ParameterRows } from './Parameters';

interface Props {
  detail: SiteDetail;
  side: 'weights' | 'activations';
  history: SiteHistory;
  learns: readonly string[];
  /** What has a scale of its own where there are several. */
  owner: string;
  /** Why nobody watches how the weights oscillate, where nobody does. */
  idle: string;
}

const Row = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div data-explained>
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
);

const oscillationText = ({ share, frozen }: Oscillation) =>
  frozen > 0 ? `${percent(share)}, ${percent(frozen)} frozen` : percent(share);

export const Facts = memo(function Facts({ detail, side, history, learns, owner, idle }: Props) {
  const grid = levels(detail);
  const float = isFloat(detail);
  const none = 'none';
  return (
    <dl className={styles.facts}>
      <ParameterRows values={detail.parameters} history={history} scales={detail.scales} learns={learns} />
      {!('step' in detail.parameters) && !('level' in detail.parameters) && (
        <Row
          term={
            <Term
              name="scale"
              more={
                detail.scales > 1 ? `Shown is the widest of ${detail.scales}, one for each ${owner}.` : ''
              }
            >
              Step size
            </Term>
          }
        >
          {float ? none : figures(detail.scale * (isAfterTanh(detail) ? detail.spacing : 1))}
        </Row>
      )}
      {side === 'activations' && (
        <Row term={<Term name="zeroPoint" />}>{float ? none : count(detail.zeroPoint)}</Row>
      )}
      {!('high' in detail.parameters) && (
        <Row term={<Term name="range" />}>
          {float ? none : `${figures(grid[0]!.value)} to ${figures(grid.at(-1)!.value)}`}
        </Row>
      )}
      <Row term={<Term name="levels" />}>{float ? none : count(grid.length)}</Row>
      <Row term={<Term name="clipped" />}>{isSign(detail) ? 'sign only' : percent(detail.clippedShare)}</Row>
      {side === 'weights' && !float && (
        <Row term={<Term name="oscillating" more={detail.oscillation ? '' : idle} />}>
          {detail.oscillation ? oscillationText(detail.oscillation) : dash}
        </Row>
      )}
      <Row term={<Term name="sqnr" />}>{decibels(detail.sqnrDb)}</Row>
      <Row term={<Term name="meanAbs">Mean |{side === 'weights' ? 'w' : 'a'}|</Term>}>
        {figures(detail.meanAbs)}
      </Row>
      <Row
        term={
          <Term name="scale" more={detail.scales > 1 ? `One for each ${owner}.` : ''}>
            Scales
          </Term>
        }
      >
        {float ? none : count(detail.scales)}
      </Row>
    </dl>
  );
});
