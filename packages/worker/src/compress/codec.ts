/** How each coding is made. Levels and windows are chosen by the figures in docs/compression.md. */
import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Encoding } from '@lb/shared/model/encoding';

/** A stream of node:zlib; its work is done by Node's threads. */
export type CodecStream = Transform & zlib.Zlib;

export interface Codec {
  /** Up to so much is done in one call: it keeps the event loop for about half a millisecond, and saves nearly as much of CPU. */
  readonly oneCallBytes: number;
  /** All of a body at once, on this thread. */
  encode(body: Buffer): Buffer;
  open(): CodecStream;
  /** What the stream's `flush` is told: all that was written can be read by the client then. */
  readonly flushKind: number;
}

const { constants } = zlib;

const KIB = 1024;

const GZIP: zlib.ZlibOptions = { level: 5 };

const BROTLI: zlib.BrotliOptions = {
  params: {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_LGWIN]: 16,
  },
};

const ZSTD: zlib.ZstdOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_windowLog]: 17,
    // The tables of the level are for a larger window: half a MiB more, for nothing.
    [constants.ZSTD_c_hashLog]: 15,
    [constants.ZSTD_c_chainLog]: 15,
  },
};

export const CODECS: Readonly<Record<Encoding, Codec>> = {
  zstd: {
    oneCallBytes: 64 * KIB,
    // Told how little it is, zstd clears smaller tables: a fifth less time for 1 KiB.
    encode: (body) => zlib.zstdCompressSync(body, { ...ZSTD, pledgedSrcSize: body.length }),
    open: () => zlib.createZstdCompress(ZSTD),
    flushKind: constants.ZSTD_e_flush,
  },
  br: {
    oneCallBytes: 16 * KIB,
    encode: (body) => zlib.brotliCompressSync(body, BROTLI),
    open: () => zlib.createBrotliCompress(BROTLI),
    flushKind: constants.BROTLI_OPERATION_FLUSH,
  },
  gzip: {
    oneCallBytes: 16 * KIB,
    encode: (body) => zlib.gzipSync(body, GZIP),
    open: () => zlib.createGzip(GZIP),
    flushKind: constants.Z_SYNC_FLUSH,
  },
};
