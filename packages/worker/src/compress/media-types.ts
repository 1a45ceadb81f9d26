/** A list of media types, compiled when a snapshot arrives: `text/css`, `text/*`, `*+json`. */

/** Its events must not wait and its end is far: never meant by `text/*`. */
const EVENT_STREAM = 'text/event-stream';

/** The media type of a Content-Type, in lower case, without its parameters. @see RFC 9110 section 8.3.1 */
export function mediaTypeOf(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** Whether a media type is a stream of events for EventSource. */
export function isEventStream(mediaType: string): boolean {
  return mediaType === EVENT_STREAM;
}

export class MediaTypes {
  readonly #names = new Set<string>();
  /** `text/` */
  readonly #kinds = new Set<string>();
  /** `+json` */
  readonly #suffixes = new Set<string>();

  /** @param patterns those of a checked configuration */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const lower = pattern.toLowerCase();
      if (lower.startsWith('*')) this.#suffixes.add(lower.slice(1));
      else if (lower.endsWith('*')) this.#kinds.add(lower.slice(0, -1));
      else this.#names.add(lower);
    }
  }

  /** @param mediaType as `mediaTypeOf` returns it */
  has(mediaType: string): boolean {
    if (this.#names.has(mediaType)) return true;
    if (isEventStream(mediaType)) return false;
    if (this.#kinds.has(mediaType.slice(0, mediaType.indexOf('/') + 1))) return true;
    const plus = mediaType.lastIndexOf('+');
    return plus > 0 && this.#suffixes.has(mediaType.slice(plus));
  }
}
