import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { readOff } from '@lb/worker/internal/request/read-off';

test('a body that was read off leaves nothing behind on a connection that lives on', async () => {
  const socket = new Socket();
  const before = socket.listenerCount('close');
  const request = new IncomingMessage(socket);
  const ended = once(request, 'end');

  readOff(request, () => undefined);
  request.push('rest');
  request.push(null);
  await ended;

  expect(socket.listenerCount('close')).toBe(before);
});
