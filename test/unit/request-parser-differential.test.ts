/** The same bytes for RequestParser and for Node's own server: where they differ, ours refuses, and the sample says why. */
import { expect, test } from '@jest/globals';
import { readAsNodeServer } from '../fuzz/node-server.ts';
import { acceptedOf } from '../fuzz/request-parser.ts';
import { BAD_REQUESTS } from '../support/bad-requests.ts';
import { GOOD_REQUESTS } from '../support/good-requests.ts';
import { parseRequests } from '../support/parsed-requests.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

test.each(GOOD_REQUESTS.filter(({ otherwise }) => otherwise === undefined))(
  "Node's parser reads $name in the same way",
  async ({ text }) => {
    const ours = acceptedOf(parseRequests([latin1(text)]));
    expect(ours).toBeDefined();
    expect(await readAsNodeServer(latin1(text))).toEqual(ours);
  },
);

test.each(GOOD_REQUESTS.filter(({ otherwise }) => otherwise !== undefined))(
  "Node's parser refuses $name, which is read: $otherwise",
  async ({ text }) => {
    expect(acceptedOf(parseRequests([latin1(text)]))).toBeDefined();
    expect(await readAsNodeServer(latin1(text))).toBeUndefined();
  },
);

test.each(BAD_REQUESTS.filter(({ stricter }) => stricter === undefined))(
  "Node's parser refuses $name, too",
  async ({ text }) => {
    expect(await readAsNodeServer(latin1(text))).toBeUndefined();
  },
);

test.each(BAD_REQUESTS.filter(({ stricter }) => stricter !== undefined))(
  "Node's parser takes $name, which is refused: $stricter",
  async ({ text }) => {
    expect(acceptedOf(parseRequests([latin1(text)]))).toBeUndefined();
    expect(await readAsNodeServer(latin1(text))).toBeDefined();
  },
);
