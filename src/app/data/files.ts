/** Files and folders from an input or a drop, each with its place in the folder that was chosen. */
import type { GivenFile } from '@/store/opening';

declare module 'react' {
  interface InputHTMLAttributes<T> {
    /** Every browser has it; React's types do not. */
    webkitdirectory?: string;
  }
}

const given = (file: File): GivenFile => ({ file, path: file.webkitRelativePath || file.name });

/** Hands over what was chosen, and forgets it, so that the same file can be chosen again. */
export function fromInput(
  event: React.ChangeEvent<HTMLInputElement>,
  then: (files: GivenFile[]) => void,
): void {
  then([...(event.target.files ?? [])].map(given));
  event.target.value = '';
}

/** Folders nested deeper, or with more files, are not walked through: the worker refuses what is too much. */
const maxDepth = 16;
const maxFiles = 100_001;

/** What was dropped, folders walked through. To be called while the drop is handled: it is gone afterwards. */
export async function fromDrop(transfer: DataTransfer | null): Promise<GivenFile[]> {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.());
  // Entries are missing where a browser does not know them, or a script made the drop.
  if (!entries.some((entry) => entry?.isDirectory)) return [...(transfer?.files ?? [])].map(given);
  const found: GivenFile[] = [];
  for (const entry of entries) if (entry) await walk(entry, found, 0);
  return found;
}

async function walk(entry: FileSystemEntry, found: GivenFile[], depth: number): Promise<void> {
  if (found.length >= maxFiles || depth > maxDepth) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ file, path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const each of some) await walk(each, found, depth + 1);
  }
}
