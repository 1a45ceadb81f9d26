import { describe, expect, test } from '@jest/globals';
import { ipv6Network } from '@lb/shared/net/ipv6-network';

describe('the network of an IPv6 address', () => {
  test.each([
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', 64, '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::ffff', 64, '2001:db8:1:2::/64'],
    ['2001:db8::1', 64, '2001:db8:0:0::/64'],
    ['::1', 64, '0:0:0:0::/64'],
    ['::', 128, '0:0:0:0:0:0:0:0::/128'],
    ['fe80::1%eth0', 64, 'fe80:0:0:0::/64'],
    ['2001:db8:ffff::1', 56, '2001:db8:ffff:0::/56'],
    ['2001:db8:1:ffff::1', 56, '2001:db8:1:ff00::/56'],
    ['2001:db8::192.0.2.1', 112, '2001:db8:0:0:0:0:c000::/112'],
    ['2001:db8::1', 1, '0::/1'],
    ['ffff::', 1, '8000::/1'],
  ])('%s with %d bits is %s', (address, prefix, network) => {
    expect(ipv6Network(address, prefix)).toBe(network);
  });
});
