/** `tls` of whatever the balancer connects to: whom it believes, which name it asks for, and what it shows of itself. */
import { isIP } from 'node:net';
import * as z from 'zod';
import { hostName } from './scalars.ts';

const SERVER_NAME_HINT = 'expected a host name such as "api.internal", or an IP address';

const serverName = z
  .string(SERVER_NAME_HINT)
  .refine((text) => isIP(text) !== 0 || hostName.test(text), SERVER_NAME_HINT);

const file = z.string().nullable().default(null);

/** Verified by default, and without a certificate of its own. */
export const clientTls = z.strictObject({
  verify: z
    .boolean('expected true or false')
    .default(true)
    .describe('The other side must show a certificate of a known authority, for its name.'),
  ca: file.describe("PEM file of the authorities that are trusted, in place of the system's."),
  serverName: serverName
    .nullable()
    .default(null)
    .describe('Name that is asked for (SNI) and verified. Default: the host of the URL.'),
  cert: file.describe('PEM file of the certificate that is shown, with its chain.'),
  key: file.describe('PEM file of the key of cert.'),
});
