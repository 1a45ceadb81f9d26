/** Address ranges, compiled once and asked once per request. */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** Answers whether an address lies in one of the ranges it was built from. */
export interface CidrSet {
  /** @param address a textual IPv4 or IPv6 address; anything else is in no range. */
  has(address: string): boolean;
  readonly isEmpty: boolean;
}

/** True for `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` and the like. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

/**
 * Compiles ranges. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) counts as the IPv4 address it carries.
 * @throws RangeError on a text that is no range: the configuration was checked before.
 */
export function compileCidrs(ranges: readonly string[]): CidrSet {
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseCidr(text);
    if (range === undefined) throw new RangeError(`not an address range: ${text}`);
    list.addSubnet(range.address, range.prefix, range.family);
  }
  return {
    isEmpty: ranges.length === 0,
    has(address) {
      if (ranges.length === 0) return false;
      const plain = unmapAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** `::ffff:192.0.2.1` -> `192.0.2.1`; any other text as it came. */
export function unmapAddress(address: string): string {
  if (!address.startsWith('::ffff:')) return address;
  const inner = address.slice('::ffff:'.length);
  return isIPv4(inner) ? inner : address;
}

function parseCidr(
  text: string,
): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const match = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, address = '', digits] = match;
  const version = isIP(address);
  if (version === 0) return undefined;
  const width = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? width : Number(digits);
  return prefix > width ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
