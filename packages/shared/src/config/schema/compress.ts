/** `routes[].compress`: which answers are compressed on their way to the client, and how. */
import * as z from 'zod';
import { ENCODINGS } from '../../model/encoding.ts';
import { size } from './scalars.ts';

const SWITCH_HINT = 'expected true, false or "key: value" lines';
const TYPE_HINT = 'expected a media type such as "text/css", "text/*" or "*+json"';
const ONCE_HINT = 'expected every encoding once';

const TOKEN = String.raw`[!#$%&'^_\x60|~0-9A-Za-z.-]+`;
const TYPE = new RegExp(String.raw`^(\*\+${TOKEN}|${TOKEN}/(\*|${TOKEN}(\+${TOKEN})*))$`);

/** What gets smaller by it: text in all its forms, and the few binary formats that nobody has compressed before. */
const TYPES = [
  'text/*',
  '*+json',
  '*+xml',
  '*+text',
  'application/json',
  'application/javascript',
  'application/x-javascript',
  'application/xml',
  'application/x-ndjson',
  'application/yaml',
  'application/toml',
  'application/sql',
  'application/rtf',
  'application/wasm',
  'application/vnd.ms-fontobject',
  'font/ttf',
  'font/otf',
  'font/collection',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
];

/** true is all defaults, false is none of it. */
export const compress = z
  .preprocess(
    settingsOf,
    z
      .strictObject(
        {
          encodings: z
            .array(z.enum(ENCODINGS))
            .min(1, 'expected at least one encoding')
            .refine((list) => new Set(list).size === list.length, ONCE_HINT)
            .default([...ENCODINGS])
            .describe(
              'What is offered, most preferred first. Accept-Encoding decides; where it weighs several the same, this order does.',
            ),
          types: z
            .array(z.string(TYPE_HINT).regex(TYPE, TYPE_HINT))
            .min(1, 'expected at least one media type')
            .default(TYPES)
            .describe(
              'Media types that are compressed: one, all of a kind ("text/*") or all of a suffix ("*+json"). text/event-stream only where it stands here by its name.',
            ),
          minSize: size
            .default(1024)
            .describe('An answer whose Content-Length is below this passes as it is.'),
        },
        SWITCH_HINT,
      )
      .nullable(),
  )
  .prefault(false);

function settingsOf(value: unknown): unknown {
  if (value === true) return {};
  return value === false ? null : value;
}
