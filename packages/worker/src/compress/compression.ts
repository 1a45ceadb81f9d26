/** `compress` of a route, compiled when a snapshot arrives: decides about each answer, and makes the compressors of bodies. */
import type { Encoding } from '@lb/shared/model/encoding';
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { CompressMetrics } from '../metrics/compress-metrics.ts';
import type { ResponseLines } from '../request/response-lines.ts';
import { chooseEncoding } from './choose-encoding.ts';
import { CODECS } from './codec.ts';
import {
  codedFields,
  forbidsTransform,
  isCompressible,
  knownFields,
  varying,
  type Worth,
} from './coded-fields.ts';
import type { CompressorPlaces } from './compressor-places.ts';
import { type BodyTarget, Compressor } from './compressor.ts';
import { isEventStream, MediaTypes, mediaTypeOf } from './media-types.ts';

/** What is asked of a request. */
export interface Asking {
  readonly method: string;
  /** All lines of a field, joined by commas. @param lower its name in lower case */
  header(lower: string): string | undefined;
}

/** What a body gets. */
export interface Coding {
  readonly encoding: Encoding;
  /** @see CompressorSetup.holdMs */
  readonly holdMs: number;
}

/** The head of an answer as it goes out. */
export interface CodedHead {
  readonly lines: ResponseLines;
  /** What the head says of the body; undefined when that passes as it is. */
  readonly coding: Coding | undefined;
}

/** Where a body comes from. */
export interface BodySource {
  /** The compressor takes more. */
  onDrain(): void;
  /** zlib failed: what is out of the answer must not look complete. */
  onCompressFailure(error: Error): void;
}

/** Small pieces wait so long for those behind them: less than anybody sees, longer than an answer takes that comes at once. */
const HOLD_MS = 20;

export class Compression {
  readonly #offered: readonly Encoding[];
  readonly #worth: Worth;
  readonly #places: CompressorPlaces;
  readonly #metrics: CompressMetrics;

  constructor(
    { encodings, types, minSize }: NonNullable<RouteConfig['compress']>,
    places: CompressorPlaces,
    metrics: CompressMetrics,
  ) {
    this.#offered = encodings;
    this.#worth = { types: new MediaTypes(types), minBytes: minSize };
    this.#places = places;
    this.#metrics = metrics;
  }

  /** Decides about an answer by its head, and rewrites that. An answer to HEAD is told what GET would be. */
  head(asking: Asking, status: number, lines: ResponseLines): CodedHead {
    const fields = fieldsOf(lines.text);
    if (status === 304)
      return { lines: this.#notModified(asking, fields, lines), coding: undefined };
    if (!this.isFor(status, fields)) return { lines, coding: undefined };
    const encoding = this.choose(asking);
    if (encoding === undefined)
      return { lines: { ...lines, text: varying(lines.text) }, coding: undefined };
    const holdMs = isEventStream(mediaTypeOf(valueOf(fields, 'content-type') ?? '')) ? 0 : HOLD_MS;
    const text = varying(toLines(codedFields(fields, encoding)));
    return { lines: { ...lines, text, hasLength: false }, coding: { encoding, holdMs } };
  }

  /** Makes the compressor of a body; it has to be ended or destroyed. */
  open({ encoding, holdMs }: Coding, target: BodyTarget, source: BodySource): Compressor {
    this.#places.take();
    this.#metrics.count(encoding);
    return new Compressor({
      codec: CODECS[encoding],
      target,
      holdMs,
      onDrain: () => source.onDrain(),
      onFailure: (error) => source.onCompressFailure(error),
      onOver: (bytes) => {
        this.#places.giveBack();
        this.#metrics.compressed(bytes);
      },
    });
  }

  /** Whether an answer gains by a coding and may have one, whoever asks. @param fields names and values in turn */
  isFor(status: number, fields: readonly string[]): boolean {
    return isCompressible(status, fields, this.#worth);
  }

  /** A body that was compressed before is sent once more. */
  reused(encoding: Encoding): void {
    this.#metrics.count(encoding);
  }

  /** The coding of an answer that may have one; undefined when it goes as it is. */
  choose(asking: Asking): Encoding | undefined {
    if (forbidsTransform(asking.header('cache-control'))) return undefined;
    const encoding = chooseEncoding(asking.header('accept-encoding'), this.#offered);
    if (encoding === undefined || asking.method === 'HEAD' || !this.#places.areTaken)
      return encoding;
    this.#metrics.count('busy');
    return undefined;
  }

  /** What it confirms may have been compressed; often it does not even say of which type that was. */
  #notModified(asking: Asking, fields: readonly string[], lines: ResponseLines): ResponseLines {
    const contentType = valueOf(fields, 'content-type');
    if (contentType !== undefined && !this.#worth.types.has(mediaTypeOf(contentType))) return lines;
    const known = knownFields(fields, asking.header('if-none-match'));
    return { ...lines, text: varying(toLines(known)) };
  }
}
