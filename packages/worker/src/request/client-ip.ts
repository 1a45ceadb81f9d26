/** Who the client is, and whether to believe the one who says so. */
import { isIP } from 'node:net';
import { type CidrSet, compileCidrs, unmapAddress } from '@lb/shared/net/cidr';

/** `trustedProxies`, compiled. */
export class TrustedProxies {
  readonly #ranges: CidrSet;
  readonly #trustsUnix: boolean;
  /** Asked twice for every request, and requests come in rows from one peer, a proxy above all. */
  #lastPeer = '';
  #trustsLast: boolean;

  constructor(entries: readonly string[]) {
    this.#ranges = compileCidrs(entries.filter((entry) => entry !== 'unix'));
    this.#trustsUnix = entries.includes('unix');
    this.#trustsLast = this.#trustsUnix;
  }

  /** @param peer address of the connection's other end, '' for a unix socket. */
  trusts(peer: string): boolean {
    if (peer !== this.#lastPeer) {
      this.#trustsLast = peer === '' ? this.#trustsUnix : this.#ranges.has(peer);
      this.#lastPeer = peer;
    }
    return this.#trustsLast;
  }

  /**
   * The right-most entry of X-Forwarded-For that is not a trusted proxy; the left-most when all are. An entry that is no
   * address ends the walk: what stands left of it cannot be believed.
   * @param peer a trusted peer's address, '' for a unix socket
   * @param forwardedFor all X-Forwarded-For lines of the request, joined by commas
   */
  clientBehind(peer: string, forwardedFor: string): string {
    let client = peer;
    let end = forwardedFor.length;
    while (end > 0) {
      const comma = forwardedFor.lastIndexOf(',', end - 1);
      const address = toAddress(forwardedFor.slice(comma + 1, end).trim());
      end = comma;
      if (address === '') continue;
      if (isIP(address) === 0) break;
      client = address;
      if (!this.#ranges.has(address)) break;
    }
    return client;
  }
}

/** Who the client of a request is, and why that is believed, in words. @param forwardedFor undefined when it has no X-Forwarded-For */
export function explainClient(
  proxies: TrustedProxies,
  peer: string,
  forwardedFor: string | undefined,
): { readonly address: string; readonly because: string } {
  if (!proxies.trusts(peer)) {
    const ignored = forwardedFor === undefined ? '' : '; its X-Forwarded-For is not believed';
    return { address: peer, because: `the other end, which is not in trustedProxies${ignored}` };
  }
  const address = proxies.clientBehind(peer, forwardedFor ?? '');
  const because =
    address === peer
      ? 'the other end; it is in trustedProxies and says nothing of anybody else'
      : `the right-most address in X-Forwarded-For that is not in trustedProxies, or the left-most of all, as told by ${peer}`;
  return { address, because };
}

/** `192.0.2.1:8080` and `[2001:db8::1]:8080` are written by some proxies. */
function toAddress(entry: string): string {
  if (entry.startsWith('[')) return entry.slice(1, Math.max(1, entry.indexOf(']')));
  const colon = entry.indexOf(':');
  const isV4WithPort = colon > 0 && colon === entry.lastIndexOf(':');
  return unmapAddress(isV4WithPort ? entry.slice(0, colon) : entry);
}
