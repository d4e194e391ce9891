/** The whole page accepts files: data, or an experiment. */
import { useEffect, useState } from 'react';
import { openGiven } from '@/store/anyFile';
import { alertPerson } from '@/store/notices';

import { fromDrop } from '../data/files';
import styles from './frame.module.css';

const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void fromDrop(event.dataTransfer)
        .then(openGiven)
        .catch(() =>
          alertPerson('open', 'What was dropped could not be read: choose it with the buttons instead.'),
        );
    };
    document.addEventListener('dragover', drag);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', drag);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, []);
  return over ? (
    <div className={styles.drop}>
      Drop data (files, a zip or a folder of images), or a file of an experiment, of runs or of a sweep
    </div>
  ) : null;
}
