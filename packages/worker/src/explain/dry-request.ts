/** A request that was never sent, read as if it had been: by the same parser and the same rules. */
import type { ExplainRequest } from '@lb/shared/admin-api/explain';
import type { PickContext } from '../balancing/policy.ts';
import type { AddressedRequest } from '../cache/cache-key.ts';
import { type Destination, isRefused, readDestination } from '../request/destination.ts';
import type { RequestHead } from '../request/request-head.ts';
import { type KeyedRequest, type KeySource, readKey } from '../request/request-key.ts';
import type { Matchable } from '../request/route-match.ts';
import { unreadableReply } from '../request/unreadable.ts';
import { RequestParser } from '../server/http1/request-parser.ts';

/** Longer than what listeners take by default, so that nothing is refused here for its length. */
const LIMITS = { maxHeadBytes: 64 * 1024, maxFields: 1_000 };

/** A request, or why there is none: a sentence for who asked, and the status that its client would get. */
export type DryRead =
  | { readonly head: RequestHead; readonly destination: Destination }
  | { readonly status: number; readonly message: string };

/** Reads it. @throws RangeError when it cannot be put on a wire at all */
export function readDry({ method = 'GET', url, headers = {} }: ExplainRequest): DryRead {
  const [, authority, rest = ''] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const target = authority === undefined ? url : rest.startsWith('/') ? rest : `/${rest}`;
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  if (authority !== undefined && names.includes('host'))
    throw new RangeError('the host is in the url and in the headers: expected one of the two');
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(authority === undefined ? [] : [`Host: ${authority}`]),
    ...fields,
  ];
  const odd = lines.find((line) => /[\r\n\0]/.test(line) || /[^\0-\u00ff]/.test(line));
  if (odd !== undefined) throw new RangeError(`this cannot be sent: ${JSON.stringify(odd)}`);
  return parse(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
}

function parse(bytes: Buffer): DryRead {
  const heads: RequestHead[] = [];
  const events = {
    onHead: (head: RequestHead) => void heads.push(head),
    onBody: () => undefined,
    onComplete: () => undefined,
  };
  const parser = new RequestParser(events, LIMITS);
  parser.execute(bytes, 0, bytes.length);
  const [head] = heads;
  if (head === undefined) {
    const { status, body } = unreadableReply(parser.error);
    return { status, message: 'error' in body ? body.error : parser.error };
  }
  const destination = readDestination(head, { hostMemo: undefined });
  return isRefused(destination) ? destination : { head, destination };
}

/** Who would send it. */
export interface DryClient {
  /** Of the client behind trusted proxies. */
  readonly address: string;
  /** By a trusted proxy. */
  readonly isFromProxy: boolean;
}

/** What routes, stages and policies are asked with. */
export class DryRequest implements Matchable, PickContext, KeyedRequest, AddressedRequest {
  readonly head: RequestHead;
  readonly clientAddress: string;
  readonly method: string;
  readonly path: string;
  readonly matchPath: string;
  readonly search: string;
  readonly hostname: string;
  readonly host: string | undefined;
  readonly isFromProxy: boolean;
  readonly tried: PickContext['tried'];

  constructor(
    head: RequestHead,
    destination: Destination,
    { address, isFromProxy }: DryClient,
    tried: PickContext['tried'] = [],
  ) {
    const { target, host, hostname } = destination;
    this.head = head;
    this.clientAddress = address;
    this.isFromProxy = isFromProxy;
    this.method = head.method;
    this.path = target.path;
    this.matchPath = target.matchPath;
    this.search = target.search;
    this.hostname = hostname;
    this.host = host;
    this.tried = tried;
  }

  header(lower: string): string | undefined {
    return this.head.header(lower);
  }

  hashKey(source: KeySource): string | undefined {
    return readKey(source, this);
  }
}
