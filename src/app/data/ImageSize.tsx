/** The size that images of a folder, a zip or the hub are brought to; chosen before they are read. */
import { imageSizes, loadingWords } from '@/catalog/hub';
import { useOpening } from '@/store/opening';
import { help } from '../Term';
import styles from './Data.module.css';
import own from './OwnData.module.css';

export function ImageSize() {
  const side = useOpening((state) => state.side);
  const { label, help: text } = loadingWords.imageSize;
  return (
    <label className={`${styles.field} ${own.size}`}>
      {label}
      <select
        aria-label={label}
        value={side ?? ''}
        onChange={(event) =>
          useOpening.setState({ side: event.target.value === '' ? null : Number(event.target.value) })
        }
        {...help(text)}
      >
        {imageSizes.map((size) => (
          <option key={size} value={size}>
            {size === '' ? 'As found' : `${size}×${size}`}
          </option>
        ))}
      </select>
    </label>
  );
}
