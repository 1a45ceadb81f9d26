/**
 * Reads server-sent events as an instance sends them: one line of data an event, or a comment.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { StringDecoder } from 'node:string_decoder';

/** A line that is longer is none of ours. */
const LONGEST_LINE = 64 * 1024 * 1024;

export class EventReader {
  readonly #onData: (data: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  /** Takes a piece of the stream. @throws Error when a line does not end */
  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) throw new Error('an event is too large');
    for (const line of lines) if (line.startsWith('data: ')) this.#onData(line.slice(6));
  }
}
