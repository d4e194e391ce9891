/** The person's own data: files, a folder of images, a data set of the hub. */
import { loadingWords } from '@/catalog/hub';
import { openHub } from '@/store/hub';
import { openAny, useOpening } from '@/store/opening';
import { help } from '../Term';
import styles from './Data.module.css';
import { fromInput } from './files';
import { Hub } from './Hub';
import { ImageSize } from './ImageSize';
import { LabelChooser } from './LabelChooser';
import own from './OwnData.module.css';
import { Reading } from './Reading';
import { WantedData } from './WantedData';

export function OwnData() {
  const wanted = useOpening((state) => state.wanted);
  return (
    <section className={own.own} aria-label="Data of your own">
      {!wanted && <Reading />}
      <label className={styles.drop} {...help(loadingWords.files.help)}>
        <b>Own data</b>
        Drop files or a folder here, or choose files: IDX, CSV, CIFAR-10, a zip of images. They stay on this
        device.
        <input
          type="file"
          multiple
          aria-label="Own data"
          onChange={(event) => fromInput(event, (files) => void openAny(files))}
        />
      </label>
      <div className={own.ways}>
        <label className={own.folder} {...help(loadingWords.folder.help)}>
          Folder …
          <input
            type="file"
            aria-label="Folder of images"
            webkitdirectory=""
            onChange={(event) => fromInput(event, (files) => void openAny(files))}
          />
        </label>
        <button type="button" onClick={openHub} {...help(loadingWords.hub.help)}>
          {loadingWords.hub.label}
        </button>
      </div>
      <ImageSize />
      <LabelChooser />
      <WantedData />
      <Hub />
    </section>
  );
}
