/** Why TLS to a backend failed: which kind of failure it is, and words that say what to do about it. */
import type { FailureCode } from '../errors/reasons.ts';

/** A failure of TLS; `text` is for people. */
export interface TlsFailure {
  readonly code: Extract<FailureCode, `tls_${string}`>;
  readonly text: string;
}

/** What Node calls a certificate that OpenSSL or the check of its name refused. */
const CERTIFICATE_CODE =
  /^(?!ERR_SSL_)(.*(CERT|ISSUER|CRL|LEAF_SIGNATURE)|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|HOSTNAME_MISMATCH$|UNSPECIFIED$)/;

const ALERT_CODE = /^ERR_SSL_.*?_ALERT_(.+)$/;

/**
 * Says what an error of a connection means, or undefined when it is none of TLS. A connection that ends in the middle of the
 * handshake looks like any other: only the caller knows that it was one.
 * @param section where the settings stand, for hints: `pools.web.tls`
 * @param peer who it was spoken to
 */
export function tlsFailureOf(
  error: unknown,
  section: string = 'tls',
  peer: string = 'the backend',
): TlsFailure | undefined {
  const { message = '' } = (error ?? {}) as { message?: string };
  const code = codeOf(error);
  const [, alert] = ALERT_CODE.exec(code) ?? [];
  if (alert !== undefined) return { code: 'tls_alert', text: alertText(alert, section, peer) };
  if (CERTIFICATE_CODE.test(code))
    return { code: 'tls_certificate', text: certificateText(code, error, section) || message };
  if (NO_TLS.has(code)) {
    return { code: 'tls_failed', text: `${peer} does not speak TLS on this port` };
  }
  if (/^ERR_(SSL|TLS)_/.test(code)) {
    return { code: 'tls_failed', text: `TLS failed: ${wordsOf(code.slice('ERR_SSL_'.length))}` };
  }
  return undefined;
}

/** What OpenSSL makes of bytes that are no TLS record. */
const NO_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_UNKNOWN_PROTOCOL',
]);

/** The alerts with which servers ask for a client certificate, or refuse the one that they got. */
const CLIENT_CERTIFICATE_ALERT =
  /^(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED)$/;

function alertText(alert: string, section: string, peer: string): string {
  const words = wordsOf(alert);
  if (alert === 'UNRECOGNIZED_NAME')
    return `${peer} does not know the name that was asked for; set ${section}.serverName`;
  return CLIENT_CERTIFICATE_ALERT.test(alert)
    ? `${peer} refused the client certificate (${words}); see ${section}.cert and ${section}.key`
    : `${peer} refused the TLS handshake (${words})`;
}

function certificateText(code: string, error: unknown, section: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'certificate has expired';
    case 'CERT_NOT_YET_VALID':
      return 'certificate is not valid yet; is the clock right?';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `self-signed certificate; set ${section}.ca`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `certificate of an unknown authority; set ${section}.ca`;
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `certificate of an unknown authority, or sent without its chain; set ${section}.ca`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const { host = '', cert } = error as { host?: string; cert?: { subjectaltname?: string } };
      const names = cert?.subjectaltname ?? 'no name at all';
      return `certificate is not for ${host} but for ${names}; set ${section}.serverName`;
    }
    default:
      return '';
  }
}

/** An error that meets a write that waits for the handshake says EPROTO, and what it is in the text of OpenSSL alone. */
function codeOf(error: unknown): string {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (code !== 'EPROTO') return code;
  const [, reason = 'unknown'] = /:SSL routines:[^:]*:([^:]+)/.exec(message) ?? [];
  return `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

function wordsOf(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
