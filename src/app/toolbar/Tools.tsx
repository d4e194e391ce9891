/** Export, Share and the theme. */
import { Menu, Modal } from '@mantine/core';
import { useState } from 'react';
import { maxLinkLength } from '@/experiment/link';
import { linkTo } from '@/store/address';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { alertPerson, notify } from '@/store/notices';
import { openExperimentFile } from '@/store/opening';
import { type Theme, useWorkspace } from '@/store/workspace';
import { count } from '../format';
import { help, wordHelp } from '../Term';
import { chooseFiles, saveCurves, saveExperiment, saveLink } from './exports';
import { HalfCircle } from './icons';
import styles from './Toolbar.module.css';

const present = () => useExperiment.getState().experiment;

function ExportMenu() {
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <button type="button" className="quiet">
          Export
        </button>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu}>
        <Menu.Item onClick={() => saveExperiment(present())}>Save experiment file</Menu.Item>
        <Menu.Item
          onClick={() =>
            chooseFiles(([file]) => file && void openExperimentFile(file), '.json,.txt,application/json')
          }
        >
          Open experiment file…
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => saveLink(present(), linkTo(present()))}>Save the link as text</Menu.Item>
        <Menu.Item onClick={() => saveCurves(present(), useLive.getState().points)}>
          Save curves as CSV
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function ShareButton() {
  const [shown, setShown] = useState<string | null>(null);
  const share = async () => {
    const link = linkTo(present());
    const length = link.length - link.indexOf('#') - 1;
    if (length > maxLinkLength) {
      alertPerson(
        'share',
        `The link would have ${count(length)} characters, and many programs cut links above ${count(maxLinkLength)}. Send a file instead.`,
        [{ label: 'Save experiment file', run: () => saveExperiment(present()) }],
      );
      return;
    }
    try {
      await navigator.clipboard.writeText(link);
      notify({
        key: 'share',
        tone: 'note',
        text: `Link copied, ${count(link.length)} characters. It opens this experiment at step 0, paused.`,
      });
    } catch {
      setShown(link); // the clipboard is denied, or missing outside secure contexts
    }
  };
  return (
    <>
      <button type="button" onClick={() => void share()} {...wordHelp('share')}>
        Share
      </button>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title="Copy this link"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p className={styles.modalText}>The clipboard is not available here. Select the link and copy it.</p>
        <textarea
          className={styles.link}
          aria-label="Link"
          readOnly
          rows={6}
          value={shown ?? ''}
          data-autofocus
          onFocus={(event) => event.target.select()}
        />
      </Modal>
    </>
  );
}

const next: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const called: Record<Theme, string> = { auto: 'as the system', light: 'light', dark: 'dark' };

function ThemeButton() {
  const theme = useWorkspace((state) => state.theme);
  return (
    <button
      type="button"
      className={`quiet ${styles.icon}`}
      aria-label={`Theme: ${called[theme]}`}
      onClick={() => useWorkspace.setState({ theme: next[theme] })}
      {...help(`Theme: ${called[theme]}. Press for: ${called[next[theme]]}.`)}
    >
      <HalfCircle />
    </button>
  );
}

export const Tools = () => (
  <div className={styles.tools}>
    <ExportMenu />
    <ShareButton />
    <ThemeButton />
  </div>
);
