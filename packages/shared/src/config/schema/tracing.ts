/** `tracing`: traces of requests, for a collector of OpenTelemetry. */
import * as z from 'zod';
import { ownedHeader } from '../owned-headers.ts';
import { fieldName, fieldValue } from './scalars.ts';

const URL_HINT = 'expected http://host:4318 or https://host/path';
const SHARE_HINT = 'expected a number from 0 to 1: 0.1 is a tenth of the traces';
const NAME_HINT = 'expected a name';

/** Without a fragment, which nobody would get. */
const HTTP_URL = /^https?:\/\/[^/?#\s\\]+[^#\s\\]*$/i;

/** The body of a post, and its connection, are the exporter's. */
const headerName = fieldName.refine(
  (name) => ownedHeader(name) === undefined && name.toLowerCase() !== 'content-type',
  'expected another header: the exporter writes this one itself',
);

/** `tracing` */
export const tracing = z.strictObject({
  otlp: z
    .string(URL_HINT)
    .refine((text) => HTTP_URL.test(text) && URL.canParse(text), URL_HINT)
    .default('http://127.0.0.1:4318')
    .describe(
      'Collector that takes OTLP over HTTP with JSON. Spans are posted to /v1/traces below it, or to it where it ends so.',
    ),
  sample: z
    .number(SHARE_HINT)
    .min(0, SHARE_HINT)
    .max(1, SHARE_HINT)
    .default(0.1)
    .describe(
      'Share of the traces that begin here which are exported. One that came with a traceparent is exported as that says; requests that go wrong always are.',
    ),
  serviceName: z
    .string(NAME_HINT)
    .min(1, NAME_HINT)
    .max(255, 'expected a name of at most 255 characters')
    .default('lb')
    .describe('What the collector knows this balancer by: service.name.'),
  headers: z
    .record(headerName, fieldValue)
    .default({})
    .describe(
      'Headers of every post, such as the key of a vendor: write its value as ${NAME} or ${file:/path}.',
    ),
});
