import { expect, test } from '@jest/globals';
import { TrustedProxies } from '@lb/worker/internal/request/client-ip';

test.each([
  [['10.0.0.0/8'], false],
  [['10.0.0.0/8', 'unix'], true],
])('peers are trusted by %j each for itself, in whatever order they come', (entries, unix) => {
  const trusted = new TrustedProxies(entries);
  const peers = ['', '10.0.0.1', '10.0.0.1', '192.0.2.1', '192.0.2.1', '', '', '10.0.0.1', ''];
  expect(peers.map((peer) => trusted.trusts(peer))).toEqual(
    peers.map((peer) => (peer === '' ? unix : peer.startsWith('10.'))),
  );
});
