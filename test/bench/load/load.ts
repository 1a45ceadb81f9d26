/** What clients ask for. */
import { SMALL_BYTES } from '../backends.ts';

export interface Load {
  readonly path: string;
  readonly answerBytes: number;
  /** Body of a POST; 0 = a GET. */
  readonly postBytes: number;
  /** A new connection for each request. */
  readonly closes: boolean;
  readonly connections: number;
  /** Each request carries the cookie that the first answer sets, or one of its size where it sets none. */
  readonly returnsCookie: boolean;
  /** Each request asks whether the first answer still holds, by its ETag. */
  readonly revalidates: boolean;
}

const small: Load = {
  path: '/',
  answerBytes: SMALL_BYTES,
  postBytes: 0,
  closes: false,
  connections: 100,
  returnsCookie: false,
  revalidates: false,
};

export const LOADS = {
  small,
  '10k': { ...small, path: '/10k', answerBytes: 10 * 1024 },
  '1m': { ...small, path: '/1m', answerBytes: 1024 * 1024 },
  cached1k: { ...small, path: '/cached/1k', answerBytes: 1024 },
  confirmed1k: { ...small, path: '/cached/1k', answerBytes: 0, revalidates: true },
  cached100k: { ...small, path: '/cached/100k', answerBytes: 100 * 1024 },
  post: { ...small, path: '/post', postBytes: 100 * 1024 },
  connect: { ...small, closes: true },
  cookie: { ...small, returnsCookie: true },
} as const satisfies Record<string, Load>;
