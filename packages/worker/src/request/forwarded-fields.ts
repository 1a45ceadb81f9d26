/** X-Forwarded-* and its kin: what a trusted proxy said, and what the balancer adds or says instead. */

/** What the fields are made from. */
export interface ForwardedIdentity {
  /** '' when unknown: a client of a unix socket. */
  readonly clientAddress: string;
  readonly peerAddress: string;
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
  readonly #peerIsTrusted: boolean;
  /** By name in lower case; repeated lines joined by commas. */
  readonly #said = new Map<string, string>();
  #others = '';

  constructor(peerIsTrusted: boolean) {
    this.#peerIsTrusted = peerIsTrusted;
  }

  /** Takes a field; what comes from a peer that is not trusted is forgotten. */
  take(name: string, lower: string, value: string): void {
    if (!this.#peerIsTrusted) return;
    if (!WRITTEN_HERE.has(lower)) {
      this.#others += `${name}: ${value}\r\n`;
      return;
    }
    const before = this.#said.get(lower);
    const isList = lower === 'x-forwarded-for' && before !== undefined;
    this.#said.set(lower, isList ? `${before}, ${value}` : value);
  }

  /** The lines that go on, each with its CR LF. */
  lines({ peerAddress, clientAddress, scheme, port, host }: ForwardedIdentity): string {
    const said = this.#said;
    const before = said.get('x-forwarded-for') ?? '';
    const hops =
      before === '' || peerAddress === '' ? before + peerAddress : `${before}, ${peerAddress}`;
    const hostAsked = said.get('x-forwarded-host') ?? host;
    const portAsked = said.get('x-forwarded-port') ?? (port > 0 ? String(port) : undefined);
    let text = this.#others;
    if (hops !== '') text += `X-Forwarded-For: ${hops}\r\n`;
    text += `X-Forwarded-Proto: ${said.get('x-forwarded-proto') ?? scheme}\r\n`;
    if (hostAsked !== undefined) text += `X-Forwarded-Host: ${hostAsked}\r\n`;
    if (portAsked !== undefined) text += `X-Forwarded-Port: ${portAsked}\r\n`;
    if (clientAddress !== '') text += `X-Real-IP: ${clientAddress}\r\n`;
    return text;
  }
}

const WRITTEN_HERE = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
]);
