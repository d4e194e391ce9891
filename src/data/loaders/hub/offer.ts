/** What the page and the worker say to each other about a data set of the Hugging Face hub. */
import type { PartName } from '../../parts';

/** A data set by name, and what of it is wanted where it leaves a choice. */
export interface HubChoice {
  /** As the hub writes it, "ylecun/mnist". */
  name: string;
  /** The hub's word is subset, or configuration. */
  subset?: string;
  imageColumn?: string;
  classColumn?: string;
}

/** What would be fetched: known from the hub's list of files and their tables of contents, before any image is. */
export interface HubOffer {
  /** Complete: with what is taken where the person has not chosen. */
  choice: Required<HubChoice>;
  subsets: string[];
  imageColumns: string[];
  classColumns: string[];
  /** Where the images come from, as the address bar would show it. */
  host: string;
  parts: {
    part: PartName;
    /** Name of the split on the hub. */
    split: string;
    /** Images that would be used, and those that there are. */
    rows: number;
    of: number;
  }[];
  /** Bytes to download. */
  bytes: number;
  /** Of the classes, where the data set gives them. */
  classNames?: string[];
}
