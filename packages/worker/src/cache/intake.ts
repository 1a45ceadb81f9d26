/** Where an answer goes that a cache has taken: into a fill, which its client reads along, or nowhere, when the client has another. */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Detour } from '../request/detour.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Fill } from './fill.ts';
import type { FillReader } from './fill-reader.ts';

export class Intake implements Detour {
  readonly #exchange: Exchange;
  readonly #fill: Fill | undefined;
  #reader: FillReader | undefined;

  /** @param fill undefined when nobody wants the answer @param resumeTry lets the backend go on */
  constructor(exchange: Exchange, fill: Fill | undefined, resumeTry: () => void) {
    this.#exchange = exchange;
    this.#fill = fill;
    if (fill !== undefined) fill.resumeSource = resumeTry;
  }

  get isInVain(): boolean {
    return this.#fill?.isWanted !== true;
  }

  begun(): boolean {
    this.#reader = this.#fill?.join(this.#exchange);
    return false;
  }

  take(buffer: Buffer, start: number, end: number): boolean {
    return this.#fill?.take(buffer, start, end) ?? true;
  }

  flush(): void {
    this.#fill?.flush();
  }

  end(trailers: readonly string[]): void {
    this.#fill?.finish(trailers);
  }

  cut(code: FailureCode): void {
    this.#fill?.abort(code);
  }

  resume(): void {
    this.#reader?.resume();
  }

  leave(): void {
    this.#reader?.leave();
  }
}
