/** Compressing whole bodies on one thread, and choosing how. The names say how large they are then. */
import { ENCODINGS, type Encoding } from '@lb/shared/model/encoding';
import { chooseEncoding } from '@lb/worker/internal/compress/choose-encoding';
import { CODECS } from '@lb/worker/internal/compress/codec';
import { htmlBody, jsonBody } from '../../support/compressible.ts';
import type { Benchmark } from './benchmark.ts';

const BODIES: Readonly<Record<string, Buffer>> = {
  '1 KiB of JSON': jsonBody(1024),
  '10 KiB of JSON': jsonBody(10 * 1024),
  '100 KiB of HTML': htmlBody(100 * 1024),
};

function compressing(encoding: Encoding, what: string, body: Buffer): Benchmark {
  const codec = CODECS[encoding];
  const { length } = codec.encode(body);
  const percent = Math.round((length / body.length) * 100);
  return {
    name: `compress ${what} with ${encoding}, to ${percent} %`,
    batch: 1,
    run(times) {
      for (let i = 0; i < times; i++)
        if (codec.encode(body).length !== length) throw new Error('another length');
    },
  };
}

export const compress: readonly Benchmark[] = [
  {
    name: 'choose an encoding',
    run(times) {
      for (let i = 0; i < times; i++)
        if (chooseEncoding('gzip, deflate, br, zstd', ENCODINGS) !== 'zstd')
          throw new Error('another encoding');
    },
  },
  ...Object.entries(BODIES).flatMap(([what, body]) =>
    ENCODINGS.map((encoding) => compressing(encoding, what, body)),
  ),
];
