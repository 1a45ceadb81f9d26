import { METHODS as NODE_METHODS, STATUS_CODES } from 'node:http';
import { METHODS } from '@lb/worker/internal/http1/methods';
import { REASON_PHRASES } from '@lb/worker/internal/http1/reason-phrases';
import { expect, it } from '@jest/globals';

it("understands the methods of Node's parser", () => {
  expect(METHODS).toEqual(NODE_METHODS);
});

it("has the reason phrases of Node's server", () => {
  expect(REASON_PHRASES).toEqual(STATUS_CODES);
});
