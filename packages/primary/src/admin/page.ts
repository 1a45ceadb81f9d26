/**
 * The dashboard's files, read once and served from memory. They are built by `npm run build` from packages/primary/dashboard,
 * hold nothing secret and need no token: what they show comes from the API, which does.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Reply } from './reply.ts';

/** Everything there is to ask for: a path is looked up here and nowhere else, so none can lead out of the folder (CWE-22). */
const FILES: readonly (readonly [path: string, name: string, contentType: string])[] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/dashboard.js', 'dashboard.js', 'text/javascript; charset=utf-8'],
  ['/dashboard.css', 'dashboard.css', 'text/css; charset=utf-8'],
  ['/favicon.svg', 'favicon.svg', 'image/svg+xml'],
];

/**
 * Scripts and styles are this server's own files, and nothing is asked of any other host. No text becomes markup: there is no
 * policy that could make it so.
 * @see https://www.w3.org/TR/trusted-types/
 */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  Vary: 'Accept, Accept-Encoding',
};

interface PageFile {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

/** The built page. */
export class Page {
  readonly #files: ReadonlyMap<string, PageFile>;

  /** Reads the files. @param folder where the build put them @throws the system's error when one cannot be read */
  constructor(folder: URL) {
    this.#files = new Map(
      FILES.map(([path, name, contentType]) => {
        const plain = readFileSync(new URL(name, folder));
        return [path, { contentType, plain, gzipped: gzipSync(plain) }];
      }),
    );
  }

  /** The answer to a request for one of the files; undefined when it is for something else. */
  answer({ method, headers }: IncomingMessage, path: string): Reply | undefined {
    const file = this.#files.get(path);
    if (file === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
    // Browsers ask for HTML by name; curl and its like get the list of paths.
    if (path === '/' && !(headers.accept ?? '').includes('text/html')) return undefined;
    const { contentType, plain, gzipped } = file;
    if (!/\bgzip\b/.test(headers['accept-encoding'] ?? ''))
      return { status: 200, contentType, body: plain, headers: PAGE_HEADERS };
    const encoded = { ...PAGE_HEADERS, 'Content-Encoding': 'gzip' };
    return { status: 200, contentType, body: gzipped, headers: encoded };
  }
}
