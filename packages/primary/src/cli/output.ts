/** Writes for people and for programs: data on stdout, messages on stderr, colours on a terminal only. */
import type { CliContext, GlobalOptions } from './cli-context.ts';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, reverse: 7 } as const;

/** A colour or weight. */
export type Paint = keyof typeof CODES;

export class Output {
  readonly #context: CliContext;
  readonly #options: GlobalOptions;

  constructor(context: CliContext, options: GlobalOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** What was asked for; on stdout. */
  data(text: string): void {
    this.#context.stdout.write(`${text}\n`);
  }

  /** The same for programs. */
  json(value: unknown): void {
    this.data(JSON.stringify(value, undefined, 2));
  }

  /** A remark; on stderr, and not at all with -q. */
  message(text: string): void {
    if (this.#options.quiet !== true) this.#context.stderr.write(`${text}\n`);
  }

  /** A remark that takes the place of the progress before it on a terminal, and is a line of its own elsewhere. */
  progress(text: string, isFirst: boolean): void {
    const isLive = this.#context.stderr.isTTY && !isFirst;
    this.message(isLive ? `\u001b[1A\u001b[2K${text}` : text);
  }

  /** Why something did not work; on stderr, with -q too. */
  error(text: string): void {
    this.#context.stderr.write(`lbctl: ${text}\n`);
  }

  /** Text that stands for itself, such as the list of mistakes in a file; on stderr, with -q too. */
  report(text: string): void {
    this.#context.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Colours a piece of what data() will write. */
  paint(text: string, paint: Paint): string {
    return this.usesColours(this.#context.stdout.isTTY)
      ? `\u001b[${CODES[paint]}m${text}\u001b[0m`
      : text;
  }

  /** Whether colours may go to a stream. @see https://no-color.org */
  usesColours(isTerminal: boolean): boolean {
    const refused = this.#context.env['NO_COLOR'] ?? '';
    return isTerminal && this.#options.color && refused === '';
  }
}
