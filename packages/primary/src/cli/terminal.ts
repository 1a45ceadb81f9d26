/**
 * The terminal as a whole screen: taken over, and given back as it was on every way out of the process but SIGKILL.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */

/** A terminal of the real process. Only main.ts makes one. */
export interface TerminalDevice {
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Raw: keys come at once, unechoed, and Ctrl-C is one of them. Not raw: nothing is read. */
  setRaw(isRaw: boolean): void;
  onInput(listener: (text: string) => void): void;
  onResize(listener: () => void): void;
  /** Called on the way out, when nothing that takes time can be done any more. */
  onExit(listener: () => void): void;
  /** Stops the process as Ctrl-Z does; SIGCONT lets it go on. */
  stop(): void;
}

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[?25l';
const OWN_SCREEN = '\u001b[?25h\u001b[?1049l';

export class Terminal {
  readonly #device: TerminalDevice;
  #isTaken = false;

  constructor(device: TerminalDevice) {
    this.#device = device;
    device.onExit(() => this.leave());
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return this.#device.size();
  }

  /** Takes the terminal over. */
  enter(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#device.setRaw(true);
    this.#device.write(ALTERNATE_SCREEN);
  }

  /** Gives it back; a second call does nothing. */
  leave(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#device.write(OWN_SCREEN);
    this.#device.setRaw(false);
  }

  /** Shows these lines from the top, in place of what was there. None may be wider than the screen. */
  draw(lines: readonly string[]): void {
    if (!this.#isTaken) return;
    this.#device.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
  }

  /** Gives the terminal back and stops, until somebody lets the process go on. */
  suspend(): void {
    this.leave();
    this.#device.stop();
  }
}
