/** The three backends of the demo; one that dies comes back, so that people see it return. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a dead backend stays away. */
export const COMEBACK_MS = 10_000;

const PROGRAM = new URL('./backend.ts', import.meta.url);

export interface DemoBackend {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** Owns the processes. */
export class DemoBackends {
  readonly #ports: readonly number[];
  readonly #say: (line: string) => void;
  readonly #children = new Map<string, { readonly child: ChildProcess; port: number }>();
  readonly #comebacks = new Set<NodeJS.Timeout>();
  #isClosed = false;

  /**
   * @param ports one for each; 0 is any that is free
   * @param say gets one line for what happens to them
   */
  constructor(ports: readonly number[], say: (line: string) => void) {
    this.#ports = ports;
    this.#say = say;
  }

  /** Settles when all of them listen. @throws Error when one exits before it does. */
  async start(): Promise<void> {
    await Promise.all(this.#ports.map((port, index) => this.#launch(`web-${index + 1}`, port)));
  }

  /** Those that run now. */
  running(): DemoBackend[] {
    return [...this.#children]
      .flatMap(([name, { child, port }]) => {
        const { pid } = child;
        return pid === undefined ? [] : [{ name, pid, port }];
      })
      .sort((left, right) => left.name.localeCompare(right.name));
  }

  /** Settles when all of them are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#comebacks) clearTimeout(timer);
    const exits = [...this.#children.values()].map(async ({ child }) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    });
    await Promise.all(exits);
  }

  async #launch(name: string, port: number): Promise<void> {
    const child = fork(PROGRAM, [name, String(port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const running = { child, port };
    this.#children.set(name, running);
    const isUp = Promise.withResolvers<void>();
    child.once('message', (bound) => {
      running.port = Number(bound);
      isUp.resolve();
    });
    child.once('error', (error) => isUp.reject(error));
    child.once('exit', (code, signal) => {
      this.#children.delete(name);
      isUp.reject(new Error(`${name} on port ${port} exited with ${signal ?? code}`));
    });
    await isUp.promise;
    child.once('exit', () => this.#bringBack(name, running.port));
  }

  #bringBack(name: string, port: number): void {
    if (this.#isClosed) return;
    this.#say(`${name} is gone; it comes back in ${COMEBACK_MS / 1000} s`);
    const timer = setTimeout(() => {
      this.#comebacks.delete(timer);
      this.#launch(name, port).then(
        () => this.#say(`${name} is back`),
        (error: unknown) => this.#say(String(error)),
      );
    }, COMEBACK_MS);
    this.#comebacks.add(timer);
  }
}
