/** The Hugging Face hub, and words for choosing data of one's own. */

/** Its dataset viewer, which lists every public data set's parquet files. A browser may be told of another: store/workspace. */
export const hubAddress = 'https://datasets-server.huggingface.co';
/** Where a data set's page is, for the person to read about it. */
export const hubPage = (name: string): string => `https://huggingface.co/datasets/${name}`;

/** Image data sets of the hub that are offered by name. */
export const offeredByHub = [
  {
    name: 'ylecun/mnist',
    label: 'MNIST',
    help: '70,000 handwritten digits in grey, 28×28 (LeCun, Cortes and Burges). 17 MB on the hub.',
  },
  {
    name: 'zalando-datasets/fashion_mnist',
    label: 'Fashion-MNIST',
    help: '70,000 pieces of clothing in grey, 28×28, ten kinds: harder than digits (Xiao et al. 2017). 34 MB on the hub.',
  },
  {
    name: 'uoft-cs/cifar10',
    label: 'CIFAR-10',
    help: '60,000 photographs in colour, 32×32, of ten animals and vehicles (Krizhevsky 2009). 137 MB on the hub.',
  },
] as const;

/** Sides that images can be brought to; "" keeps the commonest of theirs. */
export const imageSizes = ['', '28', '32', '64'] as const;

/** Words for the ways to bring data along. */
export const loadingWords = {
  files: {
    label: 'Files',
    help: 'IDX images with their labels, a CSV, CIFAR-10 batches (.bin or the .tar.gz), or a zip of images. They are read in this page and never uploaded.',
  },
  folder: {
    label: 'Folder',
    help: 'A folder of PNG, JPEG, WebP or GIF images with a folder for each class; train, val and test folders above them are respected. Nothing is uploaded.',
  },
  hub: {
    label: 'Hub …',
    help: 'An image data set of the Hugging Face hub, by its name. Nothing is fetched before you have seen how much it is.',
  },
  imageSize: {
    label: 'Image size',
    help: 'Height and width that images are scaled to when a folder, a zip or a hub data set is read. Small images train faster. "As found" takes the commonest size, at most 64 pixels.',
  },
  hubName: {
    label: 'Name on the hub',
    help: 'As the hub writes it: owner/name. The address of its page works too.',
  },
  lookUp: {
    label: 'Look up',
    help: 'Asks the hub for the list of files and their tables of contents, a few hundred kilobytes. No image is fetched yet.',
  },
  subset: { label: 'Subset', help: 'The data set has several; each is a data set of its own.' },
  imageColumn: { label: 'Image column', help: 'The column that holds the images the network sees.' },
  classColumn: { label: 'Class column', help: 'The column that holds the class the network learns to tell.' },
  fetch: {
    help: 'Downloads the images, decodes them in this page and keeps them in this browser, so that they need not be fetched again.',
  },
  forget: { label: 'Forget', help: 'Deletes these images from this browser.' },
  cancel: { label: 'Cancel', help: 'Stops reading. The data in use stay as they are.' },
} as const;
