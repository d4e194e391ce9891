/** Requests to the hub, their failures as sentences for the person. No cookies go along, and no account. */
import { DataFileError, quote } from '../../error';

export interface Requests {
  /** For messages. */
  name: string;
  signal?: AbortSignal | undefined;
  /** Hears of the bytes of each piece that arrives. */
  arrived?: (bytes: number) => void;
}

const advice: Readonly<Record<number, string>> = {
  401: 'is not public, or does not exist: check the name, which is written owner/name',
  403: 'is not public: choose one that can be read without an account',
  404: 'was not found: check the name, which is written owner/name',
  429: 'cannot be read now, because the hub was asked too often: wait a minute and try again',
};

export const hostOf = (address: string): string => new URL(address).host;

async function request(address: string, { name, signal }: Requests, headers: HeadersInit = {}) {
  const response = await fetch(address, {
    headers,
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (!(error instanceof TypeError)) throw error;
    throw new DataFileError(
      `${quote(name)} could not be fetched because ${hostOf(address)} does not answer: check the connection and try again.`,
    );
  });
  if (response.ok) return response;
  const { status } = response;
  throw new DataFileError(
    status in advice
      ? `${quote(name)} ${advice[status]} (HTTP ${status} from ${hostOf(address)}).`
      : `${quote(name)} cannot be read as images from ${hostOf(address)} (HTTP ${status}): try again later, or choose another.`,
  );
}

/** Most bytes that a list of files may have. */
const maxListBytes = 2 ** 24;

/** A response's JSON, whatever it holds. */
export async function fetchJson(address: string, requests: Requests): Promise<unknown> {
  const bytes = await read(await request(address, requests), maxListBytes, requests, address);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new DataFileError(
      `${quote(requests.name)} cannot be looked up: ${hostOf(address)} answers with something that is no list; try again later.`,
    );
  }
}

/** The bytes of a file from `start` up to `end`, exclusive. */
export async function fetchRange(
  address: string,
  [start, end]: readonly [start: number, end: number],
  requests: Requests,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(address, requests, { Range: `bytes=${start}-${end - 1}` });
  // A server that knows no ranges sends the file from its start.
  if (response.status !== 206 && start > 0)
    throw new DataFileError(
      `${quote(requests.name)} cannot be read in parts: ${hostOf(address)} sends whole files; try again later.`,
    );
  const bytes = await read(response, end - start, requests, address);
  if (bytes.length !== end - start)
    throw new DataFileError(
      `${quote(requests.name)} ended early: ${hostOf(address)} sent less than it has; try again.`,
    );
  return bytes;
}

/** A parquet file's bytes as hyparquet asks for them. */
export const rangeBuffer =
  (address: string, size: number, requests: Requests) =>
  async (start: number, end = size): Promise<ArrayBuffer> =>
    (await fetchRange(address, [start, end], requests)).slice().buffer;

/** The body, up to `most` bytes; the rest of a longer one is left unread. */
async function read(
  { body }: Response,
  most: number,
  { name, signal, arrived }: Requests,
  address: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(Math.min(most, 2 ** 16));
  let length = 0;
  const reader = body?.getReader();
  try {
    while (reader && length < most) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, most - length);
      if (length + part.length > bytes.length) {
        const larger = new Uint8Array(Math.min(most, Math.max(2 * bytes.length, length + part.length)));
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      bytes.set(part, length);
      length += part.length;
      arrived?.(part.length);
    }
  } catch {
    signal?.throwIfAborted();
    throw new DataFileError(
      `${quote(name)} ended early: the connection to ${hostOf(address)} broke off; try again.`,
    );
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
  return bytes.subarray(0, length);
}
