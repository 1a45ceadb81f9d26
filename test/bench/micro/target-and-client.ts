/** Reading who asks for what. */
import { TrustedProxies } from '@lb/worker/internal/request/client-ip';
import { parseTarget } from '@lb/worker/internal/request/path';
import type { Benchmark } from './benchmark.ts';

const trusted = new TrustedProxies(['127.0.0.0/8', '10.0.0.0/8', '192.168.0.0/16', '::1/128']);

function parsing(name: string, target: string): Benchmark {
  return {
    name: `parse target, ${name}`,
    run(times) {
      for (let i = 0; i < times; i++)
        if (parseTarget(target) === undefined) throw new Error('the target was refused');
    },
  };
}

export const targetAndClient: readonly Benchmark[] = [
  parsing('plain', '/api/v1/users/42'),
  parsing('with a query', '/api/v1/users/42?fields=name,mail&page=7'),
  parsing('with an escape', '/api/v1/users/J%C3%BCrgen'),
  parsing('200 characters', `/${'segment/'.repeat(25)}`),
  {
    name: 'ask whether a peer is trusted',
    run(times) {
      for (let i = 0; i < times; i++)
        if (trusted.trusts('203.0.113.7')) throw new Error('a stranger was trusted');
    },
  },
  {
    name: 'find the client behind two proxies',
    run(times) {
      for (let i = 0; i < times; i++)
        if (trusted.clientBehind('127.0.0.1', '203.0.113.7, 10.1.2.3') !== '203.0.113.7')
          throw new Error('another client was found');
    },
  },
];
