/** What is left when drawing the page fails: one sentence and a way on. The run itself is stored and comes back. */
import { Component, type ReactNode } from 'react';
import styles from './frame.module.css';

export class ErrorBoundary extends Component<{ children: ReactNode }, { message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <div className={styles.broken} role="alert">
        <p>The page could not be drawn ({this.state.message}). Your experiment is kept in this browser.</p>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
}
