/**
 * What a request to a backend is to the cache: which conditions it has, and what its answer means for what is stored. Who
 * makes it, a client's request or the cache itself, is not its business.
 */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import { fieldsOf } from '../http1/head-text.ts';
import { valueOf } from '../http1/field-names.ts';
import { responseLines } from '../request/response-lines.ts';
import { statusLineOf } from '../request/status-line.ts';
import type { Cache } from './cache.ts';
import { clientLines, confirmedFields, confirms } from './confirmed-head.ts';
import { validationLines } from './conditions.ts';
import { Entry } from './entry.ts';
import type { Fill } from './fill.ts';
import { type AnswerHead, type Asked, headToStore } from './storability.ts';
import type { StoredHead } from './stored-answer.ts';
import { type FieldReader, variantOf } from './vary.ts';

/** What the cache makes of an answer. */
export type Judgement =
  /** It is nobody else's business. */
  | { readonly kind: 'pass' }
  /** It is to be given to this fill, which has begun. */
  | { readonly kind: 'fill'; readonly fill: Fill }
  /** What was stored still holds. @see RFC 9111 section 4.3.3 */
  | { readonly kind: 'confirmed'; readonly entry: Entry; readonly clientLines: string }
  /** It confirms something else: to be asked for without conditions. */
  | { readonly kind: 'again' }
  /** An error, and what is stored may be used in its place. @see RFC 5861 section 4 */
  | { readonly kind: 'stale'; readonly entry: Entry };

/** An answer whose head has come. */
export interface JudgedAnswer {
  readonly answer: UpstreamAnswer;
  /** From the request to it. */
  readonly delayMs: number;
  /** On the monotonic clock. */
  readonly nowMs: number;
}

export interface FetchSetup {
  readonly key: string;
  readonly method: string;
  readonly asked: Asked;
  readonly request: FieldReader;
  /** What is to be validated, or may stand in for an error. */
  readonly entry: Entry | undefined;
  /** Where others wait for it. */
  readonly fill: Fill | undefined;
}

export class Fetch {
  readonly key: string;
  readonly entry: Entry | undefined;
  readonly fill: Fill | undefined;
  readonly #cache: Cache;
  readonly #setup: FetchSetup;
  /** How often something had been purged when it began. */
  readonly #purges: number;
  #isConditional: boolean;

  constructor(cache: Cache, setup: FetchSetup) {
    this.#cache = cache;
    this.#setup = setup;
    this.key = setup.key;
    this.entry = setup.entry;
    this.fill = setup.fill;
    this.#purges = cache.purges;
    this.#isConditional = setup.entry?.canBeValidated === true;
  }

  /** The field lines of the request, with the cache's own conditions in place of the client's where it has any. */
  requestLines(lines: string): string {
    const { entry } = this;
    return entry !== undefined && this.#isConditional
      ? validationLines(lines, entry.answer)
      : lines;
  }

  /**
   * Looks at the head of an answer.
   * @param use gets what the cache makes of it; the stored answer, if there is one still, is there until it returns
   */
  judge<T>({ answer, delayMs, nowMs }: JudgedAnswer, use: (judgement: Judgement) => T): T {
    const { entry } = this;
    const judge = (): T => use(this.#judge(answer, delayMs, nowMs));
    return entry === undefined || entry.isGone ? judge() : entry.during(judge);
  }

  #judge(answer: UpstreamAnswer, delayMs: number, nowMs: number): Judgement {
    const { entry, fill } = this;
    const head = this.#headOf(answer, delayMs);
    if (entry !== undefined && this.#isConditional && answer.status === 304)
      return this.#confirm(entry, head, nowMs);
    if (entry !== undefined && isError(answer.status) && entry.mayServeOnError(nowMs)) {
      fill?.settle(entry);
      return { kind: 'stale', entry };
    }
    const stored = this.#headToStore(head);
    if (fill !== undefined && !isForOthers(stored)) this.#cache.fills.pass(this.key, nowMs);
    if (stored !== undefined) return { kind: 'fill', fill: this.#begin(stored, head, nowMs) };
    fill?.decline();
    if (this.#setup.method === 'HEAD') this.#freshen(head, nowMs);
    // What is new must not be stored, and what is stored is not true any more.
    else if (entry !== undefined && isWhole(answer.status)) this.#cache.tier.remove(entry);
    return PASS;
  }

  #confirm(entry: Entry, head: AnswerHead, nowMs: number): Judgement {
    // It may have had to go for others meanwhile.
    if (entry.isGone || !confirms(head.fields, entry.answer)) {
      this.#cache.tier.remove(entry);
      this.#isConditional = false;
      return { kind: 'again' };
    }
    const confirmed = this.#updated(entry, head, nowMs);
    this.fill?.settle(confirmed);
    return { kind: 'confirmed', entry: confirmed, clientLines: clientLines(head.fields) };
  }

  /** The entry with what a confirmation says; stored in its place, or taken out where it may not be kept any more. */
  #updated(entry: Entry, head: AnswerHead, nowMs: number): Entry {
    const { answer, key, body } = entry;
    const { status, statusLine, wasAuthorized } = answer;
    const fields = confirmedFields(answer, head.fields);
    const { asked } = this.#setup;
    const stored = headToStore(
      { ...head, status, statusLine, fields },
      { ...asked, isAuthorized: asked.isAuthorized || wasAuthorized },
      this.#cache.rules,
    );
    if (stored === undefined) {
      this.#cache.tier.remove(entry);
      return entry;
    }
    const variant = variantOf(stored.vary, this.#setup.request);
    const updated = new Entry({ key, variant, answer: stored, body }, nowMs);
    // What was purged meanwhile must not come back.
    const isPurged = !entry.isStored && this.#purges !== this.#cache.purges;
    if (!isPurged) this.#cache.tier.put(updated, this.fill?.lease);
    return updated;
  }

  /** @see RFC 9111 section 4.3.5 */
  #freshen(head: AnswerHead, nowMs: number): void {
    const { entry } = this;
    if (entry?.isGone !== false || head.status !== entry.answer.status) return;
    const { etag, lastModified } = entry.answer;
    const bytes = String(entry.body.size);
    const said = (name: string): string | undefined => valueOf(head.fields, name);
    const isSame =
      (said('content-length') ?? bytes) === bytes &&
      (said('etag') ?? etag) === etag &&
      (said('last-modified') ?? lastModified) === lastModified;
    if (isSame) this.#updated(entry, head, nowMs);
    else this.#cache.tier.remove(entry);
  }

  #begin(stored: StoredHead, head: AnswerHead, nowMs: number): Fill {
    const cache = this.#cache;
    const { key, request } = this.#setup;
    const fill = this.fill ?? cache.fills.alone(key);
    const variant = variantOf(stored.vary, request);
    fill.begin({
      head: stored,
      variant,
      length: lengthOf(head),
      keep: (body) =>
        cache.keep(new Entry({ key, variant, answer: stored, body }, nowMs), fill.lease),
    });
    return fill;
  }

  #headToStore(head: AnswerHead): StoredHead | undefined {
    const { method, asked } = this.#setup;
    if (method !== 'GET') return undefined;
    const length = lengthOf(head);
    if (length !== undefined && length > this.#cache.config.maxObject) return undefined;
    return headToStore(head, asked, this.#cache.rules);
  }

  #headOf(answer: UpstreamAnswer, delayMs: number): AnswerHead {
    const receivedMs = this.#cache.clock.wallMs();
    const { text, hasDate } = responseLines(answer.lines, false, false);
    const fields = fieldsOf(text);
    // RFC 9110 section 6.6.1.
    if (!hasDate) fields.push('Date', new Date(receivedMs).toUTCString());
    return {
      status: answer.status,
      statusLine: statusLineOf(answer),
      fields,
      receivedMs,
      delayMs,
    };
  }
}

const PASS: Judgement = { kind: 'pass' };

/** @see RFC 5861 section 4 */
function isError(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504);
}

/** Who asked meanwhile may have it: it needs no validation before it is used. */
function isForOthers(head: StoredHead | undefined): boolean {
  return head !== undefined && head.freshness.lifetimeMs > head.freshness.initialAgeMs;
}

/** It says what there is at the address now, and not only what the conditions of a client come to. */
function isWhole(status: number): boolean {
  return status < 500 && status !== 206 && status !== 304 && status !== 412 && status !== 416;
}

function lengthOf({ fields }: AnswerHead): number | undefined {
  const length = valueOf(fields, 'content-length');
  return length === undefined ? undefined : Number(length);
}
