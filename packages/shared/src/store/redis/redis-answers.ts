/** Shared answers in Redis. @see AnswerKeys for where they are */
import type {
  AnswerPlace,
  AnswerStore,
  Asked,
  HeldLease,
  Keeping,
  LeaseClaim,
} from '../answers.ts';
import type { Probeable } from '../guard.ts';
import { StoreError } from '../store.ts';
import { AnswerKeys } from './answer-keys.ts';
import type { RedisConnection } from './redis-connection.ts';
import { askAnswer, type AskReply } from './scripts/ask-answer.ts';
import { holdLease } from './scripts/hold-lease.ts';
import { keepAnswer } from './scripts/keep-answer.ts';
import { tagAnswer } from './scripts/tag-answer.ts';

export class RedisAnswers<Answer> implements AnswerStore<Answer>, Probeable {
  readonly #redis: RedisConnection;
  readonly #keys: AnswerKeys;
  readonly #decode: (bytes: Buffer) => Answer | undefined;

  /** @param decode undefined for what is no answer */
  constructor(redis: RedisConnection, decode: (bytes: Buffer) => Answer | undefined) {
    this.#redis = redis;
    this.#keys = new AnswerKeys(redis.prefix);
    this.#decode = decode;
  }

  async ask(place: AnswerPlace, claim: LeaseClaim | undefined): Promise<Asked<Answer>> {
    const key = this.#keys.answer(place.address);
    try {
      return this.#read(await askAnswer(this.#redis, place, key, claim), key);
    } catch (error) {
      // With its lease, if it has one: whoever asks again gets it.
      if (error instanceof StoreError && error.failure === 'damaged')
        await this.#redis.send([key], (client) => client.del(key));
      throw error;
    }
  }

  hold(place: AnswerPlace, { token, ms }: LeaseClaim): Promise<boolean> {
    const change = { variant: place.variant, token, nextToken: token, ms };
    return holdLease(this.#redis, this.#keys.answer(place.address), change);
  }

  async keep(place: AnswerPlace, keeping: Keeping, from: HeldLease | undefined): Promise<void> {
    const { address } = place;
    const cache = address.slice(0, address.indexOf(' '));
    // Before the answer: a purge by its tag must find it from its first moment on.
    await Promise.all(
      keeping.tags.map((tag) =>
        tagAnswer(this.#redis, this.#keys.tag(cache, tag), address, keeping.usefulMs),
      ),
    );
    await keepAnswer(this.#redis, { place, key: this.#keys.answer(address) }, keeping, from);
  }

  async letGo({ place, token }: HeldLease, passedMs: number): Promise<void> {
    const change = { variant: place.variant, token, nextToken: '', ms: passedMs };
    await holdLease(this.#redis, this.#keys.answer(place.address), change);
  }

  async drop({ address, variant }: AnswerPlace): Promise<void> {
    const key = this.#keys.answer(address);
    await this.#redis.send([key], (client) => client.hdel(key, `e:${variant}`, `t:${variant}`));
  }

  async forget(addresses: readonly string[]): Promise<void> {
    const keys = addresses.map((address) => this.#keys.answer(address));
    await Promise.all(keys.map((key) => this.#redis.send([key], (client) => client.del(key))));
  }

  probe(): Promise<void> {
    return this.#redis.probe();
  }

  reconnect(): void {
    this.#redis.reconnect();
  }

  close(): Promise<void> {
    return this.#redis.close();
  }

  #read({ kind, bytes, ageMs }: AskReply, key: string): Asked<Answer> {
    if (kind === 'varies') return { kind, vary: bytes?.toString() ?? '' };
    if (kind !== 'stored' && kind !== 'yours') return { kind };
    const answer = bytes === undefined ? undefined : this.#decode(bytes);
    if (bytes !== undefined && answer === undefined) {
      const message = `what Redis has under ${key} is no answer that this version can read: it is deleted`;
      throw new StoreError('damaged', message);
    }
    if (kind === 'yours')
      return { kind, stale: answer === undefined ? undefined : { answer, ageMs } };
    if (answer === undefined) throw new StoreError('damaged', `${key} has no answer`);
    return { kind, answer, ageMs };
  }
}
