/** Reads the cookies that a backend sets. */
import type { HeadText } from '../http1/head-text.ts';
import { readCookie } from './cookie.ts';

/** What an answer does to a cookie. */
export interface CookieChange {
  /** As a request with it will be read. */
  readonly value: string;
  /** It is taken away, or has no value. */
  readonly isDeleted: boolean;
}

/**
 * What these lines do to the cookie of this name: the last of them counts; undefined when none is about it.
 * @param nowMs since 1970
 * @see RFC 6265 sections 4.1 and 5.3
 */
export function readSetCookie(
  lines: HeadText,
  name: string,
  nowMs: number,
): CookieChange | undefined {
  // Nearly always there is none, and finding that out cuts nothing.
  if (lines.named('set-cookie') === undefined) return undefined;
  let change: CookieChange | undefined;
  const { fields } = lines;
  for (let i = 0; i < fields.length; i += 2) {
    if ((fields[i] as string).toLowerCase() !== 'set-cookie') continue;
    const [pair = '', ...attributes] = (fields[i + 1] as string).split(';');
    if (!pair.trimStart().startsWith(`${name}=`)) continue;
    const value = readCookie(pair, name) ?? '';
    change = { value, isDeleted: value === '' || isExpired(attributes, nowMs) };
  }
  return change;
}

/** Max-Age counts where both are given; what cannot be read is as if it were not there. */
function isExpired(attributes: readonly string[], nowMs: number): boolean {
  let expires: number | undefined;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const [key = '', value = ''] = attribute.split(/=(.*)/s);
    const text = value.trim();
    switch (key.trim().toLowerCase()) {
      case 'max-age':
        if (/^-?\d+$/.test(text)) maxAge = Number(text);
        break;
      case 'expires':
        expires = Date.parse(text);
        break;
    }
  }
  if (maxAge !== undefined) return maxAge <= 0;
  return expires !== undefined && expires <= nowMs;
}
