/** A backend that answers when it is told to, and knows how many requests it had at once. */
import type { ServerResponse } from 'node:http';
import { startBackend } from './running-lbctl.ts';

export interface HoldingBackend extends AsyncDisposable {
  readonly url: string;
  /** Paths of all that arrived, in their order. */
  readonly arrived: readonly string[];
  /** Answers to be given, the oldest first. */
  readonly held: readonly ServerResponse[];
  /** The most that were unanswered at once. */
  readonly most: number;
  /** Answers the oldest. */
  answer(status?: number): void;
  /** Answers everything, and at once from now on. */
  letGo(status?: number): void;
}

export async function startHoldingBackend(): Promise<HoldingBackend> {
  const arrived: string[] = [];
  const held: ServerResponse[] = [];
  let most = 0;
  let statusOfAll: number | undefined;
  const { url, ...backend } = await startBackend((request, response) => {
    arrived.push(request.url ?? '');
    held.push(response);
    most = Math.max(most, held.length);
    response.once('close', () => {
      if (held.includes(response)) held.splice(held.indexOf(response), 1);
    });
    if (statusOfAll !== undefined) answer(statusOfAll);
  });
  const answer = (status = 200): void => {
    const response = held.shift();
    if (response === undefined) throw new Error('nothing is held');
    response.writeHead(status).end(request(response));
  };
  return {
    ...backend,
    url,
    arrived,
    held,
    get most() {
      return most;
    },
    answer,
    letGo(status = 200) {
      statusOfAll = status;
      while (held.length > 0) answer(status);
    },
  };
}

const request = ({ req }: ServerResponse): string => req.url ?? '';
