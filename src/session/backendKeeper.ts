/** The backend that a session computes on: started when one is chosen, watched, and left for the next when it is lost. */
import type { Backend } from '@/backend/start';
import type { BackendChoice, BackendName } from '@/catalog/backends';

/** @param except backends that are not to be tried */
export type StartBackend = (choice: BackendChoice, except: readonly BackendName[]) => Promise<Backend>;

/** Only a device can be lost. */
const canBeLost = ({ status }: Backend): boolean => status.name === 'webgpu';
/** A lost device may show as a failed call a moment before its promise settles. */
const momentMs = 200;

export class BackendKeeper {
  present: Backend | undefined;
  /** Why the present one is lost, until someone has dealt with it. */
  lost: string | undefined;
  private choice: BackendChoice | undefined;
  private readonly left: BackendName[] = [];

  /** @param wake called when the backend is lost */
  constructor(
    private readonly start: StartBackend,
    private readonly wake: () => void,
  ) {}

  /** Starts what is chosen, unless it is what is there already. */
  async choose(choice: BackendChoice): Promise<void> {
    if (this.present && this.choice === choice) return;
    this.use(await this.start(choice, this.left));
    this.choice = choice;
  }

  /** Starts the best of those that were not left. What was chosen stays chosen: it is not tried again. */
  async replace(): Promise<void> {
    this.use(await this.start('auto', this.left));
  }

  private use(backend: Backend): void {
    this.present = backend;
    this.lost = undefined;
    backend.lost.then((reason) => {
      if (this.present !== backend) return;
      this.lost = reason;
      this.wake();
    });
  }

  /** Why the present backend is lost; undefined if it is not. */
  async whyLost(): Promise<string | undefined> {
    if (!this.present || !canBeLost(this.present)) return undefined;
    const soon = new Promise<undefined>((resolve) => setTimeout(resolve, momentMs, undefined));
    this.lost ??= await Promise.race([this.present.lost, soon]);
    return this.lost;
  }

  /** Gives the present backend up for good. @returns its name */
  leave(): BackendName {
    const { name } = this.present!.status;
    this.left.push(name);
    this.present = undefined;
    return name;
  }

  /** What was lost has been dealt with. */
  forgive(): void {
    this.lost = undefined;
  }
}
