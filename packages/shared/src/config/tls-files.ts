/** The files that `tls` of pools, of the store and of metrics.persist name: read while the configuration is checked, so that no worker meets a bad one. */
import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import type { ConfigFiles } from '../model/backend-tls.ts';
import { ClientContexts } from '../net/client-tls.ts';
import {
  type Located,
  type Path,
  type Problem,
  at,
  keyProblem,
  problemAt,
  quoted,
  textOf,
} from './located.ts';

/** @throws when the file cannot be read. */
export type ReadFile = (path: string) => string;

/** Reads them all. What is wrong with one hides nothing that is wrong with another. */
export function readTlsFiles(
  root: Located,
  readFile: ReadFile,
): { readonly files: ConfigFiles; readonly problems: readonly Problem[] } {
  const pools = at(root, 'pools');
  const names = pools?.kind === 'map' ? [...pools.entries.keys()] : [];
  const reader = new TlsFiles(root, readFile);
  for (const name of names) reader.read(['pools', name, 'tls']);
  reader.read(['store', 'tls']);
  reader.read(['metrics', 'persist', 'tls']);
  return reader;
}

class TlsFiles {
  readonly files = new Map<string, string>();
  readonly problems: Problem[] = [];
  readonly #root: Located;
  readonly #readFile: ReadFile;

  constructor(root: Located, readFile: ReadFile) {
    this.#root = root;
    this.#readFile = readFile;
  }

  /** @param section path of a `tls` */
  read(section: Path): void {
    const before = this.problems.length;
    const caPem = this.#content([...section, 'ca']);
    const certPem = this.#content([...section, 'cert']);
    const keyPem = this.#content([...section, 'key']);
    this.#bothOrNeither(section);
    if (caPem !== null) this.#certificates(caPem, [...section, 'ca']);
    const [certificate] = certPem === null ? [] : this.#certificates(certPem, [...section, 'cert']);
    const key = keyPem === null ? undefined : this.#key(keyPem, [...section, 'key']);
    if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key))
      this.#add([...section, 'key'], 'this key does not belong to the certificate of "cert"');
    if (this.problems.length > before || at(this.#root, ...section) === undefined) return;
    try {
      const settings = { verify: true, serverName: null, caPem: caPem ?? '', certPem, keyPem };
      new ClientContexts().of(settings);
    } catch (error) {
      // Too short a key, too weak a signature: what OpenSSL holds against it.
      const reason = error instanceof Error ? error.message.replace(/^.*:/, '') : String(error);
      this.problems.push(keyProblem(this.#root, section, `cannot be used for TLS: ${reason}`));
    }
  }

  #content(path: Path): string | null {
    const name = textOf(at(this.#root, ...path));
    if (name === undefined) return null;
    try {
      const content = this.#readFile(name);
      this.files.set(name, content);
      return content;
    } catch (error) {
      // Only the code: the text of an error may quote what it read.
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
      const file = quoted(at(this.#root, ...path), 'that is named here');
      this.#add(path, `cannot read the file ${file} (${READ_FAILURES[code] ?? code})`);
      return null;
    }
  }

  #bothOrNeither(section: Path): void {
    const isGiven = (key: string): boolean => textOf(at(this.#root, ...section, key)) !== undefined;
    const [given, missing] = isGiven('cert') ? ['cert', 'key'] : ['key', 'cert'];
    if (!isGiven(given) || isGiven(missing)) return;
    const message = `a client certificate is "cert" and "key": "${missing}" is missing`;
    this.problems.push(keyProblem(this.#root, [...section, given], message));
  }

  /** None when something is wrong with them. */
  #certificates(pem: string, path: Path): X509Certificate[] {
    const blocks = pem.match(CERTIFICATE) ?? [];
    if (blocks.length === 0) {
      const hint = 'it has to be PEM: -----BEGIN CERTIFICATE-----';
      this.#add(path, 'no certificate in this file', hint);
    }
    const certificates: X509Certificate[] = [];
    for (const [index, block] of blocks.entries()) {
      try {
        certificates.push(new X509Certificate(block));
      } catch {
        this.#add(path, `certificate ${index + 1} of this file is damaged`);
        return [];
      }
    }
    return certificates;
  }

  #key(pem: string, path: Path): KeyObject | undefined {
    if (LOCKED_KEY.test(pem)) {
      this.#add(path, 'the key has a passphrase', 'openssl pkey -in KEY -out PLAIN_KEY');
      return undefined;
    }
    try {
      return createPrivateKey(pem);
    } catch {
      const hint = 'it has to be PEM: -----BEGIN PRIVATE KEY-----';
      this.#add(path, 'no private key in this file', hint);
      return undefined;
    }
  }

  #add(path: Path, message: string, hint: string | null = null): void {
    this.problems.push(problemAt(this.#root, path, message, hint));
  }
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]+-----/g;

/** PKCS #8, and what OpenSSL wrote before it. */
const LOCKED_KEY = /BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m;

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'this is a directory',
};
