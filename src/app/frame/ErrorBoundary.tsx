/**
 * What is left when the page, or a part of it, cannot be fetched or drawn: one sentence and a way on. The run itself is
 * stored and comes back.
 */
import { Component, type ReactNode } from 'react';
import styles from './frame.module.css';

interface Props {
  children: ReactNode;
  /** A part of the page, beside which the rest goes on. */
  part?: boolean;
}

export class ErrorBoundary extends Component<Props, { message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    const { children, part = false } = this.props;
    if (this.state.message === null) return children;
    return (
      <div className={styles.broken} data-whole={!part} role="alert">
        <p>
          {part ? 'This part of the page' : 'The page'} could not be shown ({this.state.message}). Your
          experiment is kept in this browser.
        </p>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
}
