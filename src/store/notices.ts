/** Sentences for the person: alerts in a line under the run bar, and a polite voice for screen readers. */
import { create } from 'zustand';

export interface NoticeAction {
  label: string;
  run(): void;
}

export interface Notice {
  /** A later notice of the same key takes the place of an earlier one. */
  key: string;
  /** An error is an alert; a note is calm. */
  tone: 'error' | 'note';
  text: string;
  actions?: NoticeAction[];
}

export const useNotices = create<{ notices: Notice[] }>()(() => ({ notices: [] }));

/** Most that are shown at once; the oldest gives way. */
const most = 3;

/** A note goes away by itself. */
const noteMs = 8000;

export function notify(notice: Notice): void {
  useNotices.setState(({ notices }) => ({
    notices: [...notices.filter(({ key }) => key !== notice.key), notice].slice(-most),
  }));
  if (notice.tone === 'note')
    setTimeout(
      () => useNotices.setState(({ notices }) => ({ notices: notices.filter((one) => one !== notice) })),
      noteMs,
    );
}

export const alertPerson = (key: string, text: string, actions?: NoticeAction[]): void =>
  notify({ key, tone: 'error', text, ...(actions ? { actions } : {}) });

export const dismiss = (key: string): void =>
  useNotices.setState((state) =>
    state.notices.some((notice) => notice.key === key)
      ? { notices: state.notices.filter((notice) => notice.key !== key) }
      : state,
  );

/** What the polite live region says; a counter makes the same sentence twice two sentences. */
export const useSpeech = create<{ text: string; turn: number }>()(() => ({ text: '', turn: 0 }));

export const say = (text: string): void => useSpeech.setState(({ turn }) => ({ text, turn: turn + 1 }));
