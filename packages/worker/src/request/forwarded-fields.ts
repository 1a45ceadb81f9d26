/** X-Forwarded-* and its kin: what a trusted proxy said, and what the balancer adds or says instead. */

/** What the fields are made from. */
export interface ForwardedIdentity {
  /** '' when unknown: a client of a unix socket. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly peerIsTrusted: boolean;
  readonly scheme: 'http' | 'https';
  /** 0 on a unix socket. */
  readonly port: number;
  readonly host: string | undefined;
}

/** Whether a field says who the client is or how it came. @param lower its name in lower case */
export function isIdentityField(lower: string): boolean {
  return lower.startsWith('x-forwarded-') || lower === 'forwarded' || lower === 'x-real-ip';
}

/** `X_Forwarded_For`, `X-Forwarded.For`: some backends read them as the real name (CVE class: header aliasing). */
export function isIdentityAlias(lower: string): boolean {
  if (!/[_.]/.test(lower)) return false;
  const canonical = lower.replace(/[_.]/g, '-');
  return isIdentityField(canonical) || canonical === 'x-request-id';
}

/** Collects the identity fields of one request and writes those that go on. */
export class ForwardedFields {
  readonly #identity: ForwardedIdentity;
  /** By name in lower case; repeated lines joined by commas. */
  #said: Map<string, string> | undefined;
  #others: string[] | undefined;

  constructor(identity: ForwardedIdentity) {
    this.#identity = identity;
  }

  /** Takes a field; what comes from a peer that is not trusted is forgotten. */
  take(name: string, lower: string, value: string): void {
    if (!this.#identity.peerIsTrusted || isIdentityAlias(lower)) return;
    if (!WRITTEN_HERE.has(lower)) {
      (this.#others ??= []).push(name, value);
      return;
    }
    const said = (this.#said ??= new Map<string, string>());
    const before = said.get(lower);
    const isList = lower === 'x-forwarded-for' && before !== undefined;
    said.set(lower, isList ? `${before}, ${value}` : value);
  }

  /** Names and values in turn. */
  write(into: string[]): void {
    const { peerAddress, clientAddress, scheme, port, host } = this.#identity;
    const said = this.#said;
    const before = said?.get('x-forwarded-for') ?? '';
    const hops =
      before === '' || peerAddress === '' ? before + peerAddress : `${before}, ${peerAddress}`;
    const proto = said?.get('x-forwarded-proto') ?? scheme;
    const hostAsked = said?.get('x-forwarded-host') ?? host;
    const portAsked = said?.get('x-forwarded-port') ?? (port > 0 ? String(port) : undefined);
    if (this.#others !== undefined) into.push(...this.#others);
    if (hops !== '') into.push('X-Forwarded-For', hops);
    into.push('X-Forwarded-Proto', proto);
    if (hostAsked !== undefined) into.push('X-Forwarded-Host', hostAsked);
    if (portAsked !== undefined) into.push('X-Forwarded-Port', portAsked);
    if (clientAddress !== '') into.push('X-Real-IP', clientAddress);
  }
}

const WRITTEN_HERE = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
]);
