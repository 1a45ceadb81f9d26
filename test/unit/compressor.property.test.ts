/** Whatever the pieces, pauses and moods of a body's target: what it gets is the body, once it is decoded. */
import zlib from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ENCODINGS, type Encoding } from '@lb/shared/model/encoding';
import { CODECS } from '@lb/worker/internal/compress/codec';
import { Compressor } from '@lb/worker/internal/compress/compressor';

const SEED = 20_261_126;

const DECODE: Readonly<Record<Encoding, (body: Buffer) => Buffer>> = {
  zstd: zlib.zstdDecompressSync,
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
};

interface Step {
  readonly bytes: number;
  readonly isPause: boolean;
}

/** Around what is done in one call, and around what a stream takes at once. */
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    bytes: fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(70_000)),
    isPause: fc.boolean(),
  }),
  { maxLength: 12 },
);

/** Sends a body through and gives back what came of it. @param isMoody whether the target asks to be left alone now and then */
async function compressed(
  encoding: Encoding,
  body: Buffer,
  { plan, holdMs, isMoody }: { plan: readonly Step[]; holdMs: number; isMoody: boolean },
): Promise<Buffer> {
  const got: Buffer[] = [];
  const isDone = Promise.withResolvers<void>();
  let onDrain = (): void => undefined;
  let overs = 0;
  const compressor = new Compressor({
    codec: CODECS[encoding],
    holdMs,
    target: {
      write(buffer, start, end) {
        got.push(Buffer.from(buffer.subarray(start, end)));
        if (!isMoody) return true;
        setImmediate(() => compressor.resume());
        return false;
      },
      flush: () => undefined,
      end: () => isDone.resolve(),
    },
    onDrain: () => onDrain(),
    onFailure: isDone.reject,
    onOver: () => overs++,
  });
  let at = 0;
  for (const { bytes, isPause } of plan) {
    const mayGoOn = compressor.write(body, at, at + bytes);
    at += bytes;
    if (isPause) compressor.flush();
    if (!mayGoOn) {
      await new Promise<void>((resolve) => {
        onDrain = resolve;
      });
    }
  }
  compressor.end([]);
  await isDone.promise;
  compressor.destroy();
  expect(overs).toBe(1);
  return Buffer.concat(got);
}

describe('a body in any pieces', () => {
  test.each([...ENCODINGS])('%s', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom(0, 1),
        fc.boolean(),
        async (plan, holdMs, isMoody) => {
          const size = plan.reduce((sum, { bytes }) => sum + bytes, 0);
          const body = Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % 251));

          const coded = await compressed(encoding, body, { plan, holdMs, isMoody });

          expect(DECODE[encoding](coded).equals(body)).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 40 },
    );
  });
});
