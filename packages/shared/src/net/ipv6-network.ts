/** The network that an IPv6 address lies in: one customer has a whole one, and a new address for every request if they like. */

const GROUPS = 8;
const GROUP_BITS = 16;

/**
 * The first `prefix` bits of an address, as text that is the same for all addresses of the network: `2001:db8:0:1::/64`.
 * @param address well-formed, as node:net says it; a zone is left out
 */
export function ipv6Network(address: string, prefix: number): string {
  const groups = groupsOf(address);
  const whole = Math.floor(prefix / GROUP_BITS);
  const kept = groups.slice(0, whole);
  const bits = prefix % GROUP_BITS;
  if (bits > 0) kept.push((groups[whole] ?? 0) & (0xffff << (GROUP_BITS - bits)));
  return `${kept.map((group) => group.toString(16)).join(':')}::/${prefix}`;
}

/** @see RFC 4291 section 2.2 */
function groupsOf(address: string): number[] {
  const [text = ''] = address.split('%');
  const [head = '', tail] = text.split('::');
  const first = numbersOf(head);
  if (tail === undefined) return first;
  const last = numbersOf(tail);
  const zeros = Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => 0);
  return [...first, ...zeros, ...last];
}

function numbersOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
