/** How a compressor treats its body beside compressing it. */
import zlib from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CODECS, type Codec, type CodecStream } from '@lb/worker/internal/compress/codec';
import { Compressor } from '@lb/worker/internal/compress/compressor';
import { eventually } from '../support/eventually.ts';

const LARGE = Buffer.alloc(100_000, 'abc');

/** A compressor in gzip, and all that comes of it. */
class Scene {
  readonly streams: CodecStream[] = [];
  readonly pieces: Buffer[] = [];
  readonly failures: Error[] = [];
  trailers: readonly string[] | undefined;
  flushes = 0;
  overs = 0;
  readonly compressor: Compressor;

  constructor(holdMs: number) {
    const codec: Codec = {
      ...CODECS.gzip,
      open: () => {
        const stream = CODECS.gzip.open();
        this.streams.push(stream);
        return stream;
      },
    };
    this.compressor = new Compressor({
      codec,
      holdMs,
      target: {
        write: (buffer, start, end) => {
          this.pieces.push(Buffer.from(buffer.subarray(start, end)));
          return true;
        },
        flush: () => this.flushes++,
        end: (trailers) => {
          this.trailers = trailers;
        },
      },
      onDrain: () => undefined,
      onFailure: (error) => this.failures.push(error),
      onOver: () => this.overs++,
    });
  }

  write(body: Buffer): void {
    this.compressor.write(body, 0, body.length);
  }
}

describe('a compressor', () => {
  test('does a small body in one call, and gives it away in one piece', () => {
    const scene = new Scene(20);
    scene.write(Buffer.from('one '));
    scene.compressor.flush();
    scene.write(Buffer.from('two'));

    scene.compressor.end([]);

    expect(scene.streams).toEqual([]);
    expect(scene.pieces.map((piece) => zlib.gunzipSync(piece).toString())).toEqual(['one two']);
    expect(scene).toMatchObject({ trailers: [], overs: 1 });
  });

  test('ends with the trailers that still hold', () => {
    const scene = new Scene(20);

    scene.compressor.end(['Content-Digest', 'x', 'X-Sum', '7']);

    expect(scene.trailers).toEqual(['X-Sum', '7']);
  });

  test('lets the head go even where no body follows for a while', async () => {
    const scene = new Scene(1);

    scene.compressor.flush();

    await eventually(() => expect(scene.flushes).toBe(1));
    scene.compressor.destroy();
  });

  test('that is destroyed gives nothing more away', async () => {
    const scene = new Scene(0);
    scene.write(LARGE);
    scene.compressor.end([]);

    scene.compressor.destroy();
    scene.compressor.destroy();

    await eventually(() => expect(scene.streams[0]?.closed).toBe(true));
    expect(scene).toMatchObject({ pieces: [], trailers: undefined, overs: 1, failures: [] });
  });

  test('whose stream fails says so once, and never ends', async () => {
    const scene = new Scene(0);
    scene.write(LARGE);
    scene.compressor.end([]);

    scene.streams[0]?.destroy(new Error('out of memory'));

    await eventually(() => expect(scene.failures).toHaveLength(1));
    expect(scene).toMatchObject({ trailers: undefined, overs: 1 });
  });
});
