/** Who a request is counted for: `rateLimits.<name>.key`, compiled. */
import { hash } from 'node:crypto';
import { ipv6Network } from '@lb/shared/net/ipv6-network';
import { Generations } from '@lb/shared/store/generations';
import {
  type KeyedRequest,
  type KeySource,
  parseKeySource,
  readKey,
} from '../request/request-key.ts';

/** Longer ones are hashed at once: a header may have 32 KiB, and many of them are remembered. */
const LONGEST_KEY = 128;

/** Addresses of IPv6 whose network is remembered, for each limit; about 1 MB. */
const MOST_NETWORKS = 8_192;

/** Characters of a hash that are kept: 132 bits. */
const HASH_LENGTH = 22;

export interface LimitKey {
  /** Equal for the requests that are counted together, within a limit. Bounded, and cheap for client addresses. */
  of(request: KeyedRequest): string;
  /** The same in a form that may leave the process: printable, and without what a header or cookie said. */
  publish(key: string): string;
}

/** @param text checked: names joined by "+" @param ipv6Prefix bits of an IPv6 address that count */
export function compileLimitKey(text: string, ipv6Prefix: number): LimitKey {
  const sources = text.split('+').map((name) => {
    const source = parseKeySource(name.trim());
    if (source === undefined) throw new RangeError(`a checked configuration has the key ${name}`);
    return source;
  });
  const network = networks(ipv6Prefix);
  const [first] = sources;
  if (first?.kind === 'client_ip' && sources.length === 1) {
    return {
      of: ({ clientAddress }) => network(clientAddress),
      publish: (key) => (key === '' ? 'unix' : key),
    };
  }
  return {
    of: (request) => bounded(sources.map((source) => part(source, request, network)).join('\n')),
    publish: hashed,
  };
}

/** No part has a line end in it, so no two sets of parts are joined to the same text. */
function part(source: KeySource, request: KeyedRequest, network: Network): string {
  const text = readKey(source, request) ?? '';
  return source.kind === 'client_ip' ? network(text) : text;
}

/** What of a client's address counts. */
type Network = (address: string) => string;

/** Remembers IPv6 networks: to take an address apart costs ten times as much as to look one up. */
function networks(ipv6Prefix: number): Network {
  const known = new Generations<string>(MOST_NETWORKS);
  return (address) => {
    if (!address.includes(':')) return address;
    const remembered = known.get(address);
    if (remembered !== undefined) return remembered;
    const network = ipv6Network(address, ipv6Prefix);
    known.set(address, network);
    return network;
  };
}

function bounded(key: string): string {
  return key.length > LONGEST_KEY ? hashed(key) : key;
}

function hashed(key: string): string {
  return hash('sha256', Buffer.from(key, 'latin1'), 'base64url').slice(0, HASH_LENGTH);
}
