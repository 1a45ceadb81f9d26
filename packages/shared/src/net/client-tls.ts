/** TLS towards backends, for traffic and for probes: which authorities are trusted, which name is asked for and verified. */
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import type { BackendTlsSettings } from '../model/backend-tls.ts';
import { nodeTls } from './node-modules.ts';

/** Makes secure contexts, one for each object of settings: it costs milliseconds, and the backends of a pool share it. */
export class ClientContexts {
  readonly #made = new WeakMap<BackendTlsSettings, SecureContext>();
  #roots: string[] | undefined;

  /** @throws Error when OpenSSL refuses a certificate or the key */
  of(settings: BackendTlsSettings): SecureContext {
    const known = this.#made.get(settings);
    if (known !== undefined) return known;
    const { caPem, certPem, keyPem } = settings;
    const context = nodeTls().createSecureContext({
      ca: caPem ?? (this.#roots ??= systemRoots()),
      ...(certPem !== null && keyPem !== null && { cert: certPem, key: keyPem }),
    });
    this.#made.set(settings, context);
    return context;
  }
}

/**
 * What a connection to a backend needs beside its address. Name and address are verified by the settings alone, whatever
 * else Node would take for the host.
 * @param host of the backend's URL, without brackets
 * @see RFC 9110 section 4.3.4; RFC 6066 section 3: no address in SNI
 */
export function clientTlsOptions(
  settings: BackendTlsSettings,
  host: string,
  contexts: ClientContexts,
): ConnectionOptions {
  const name = settings.serverName ?? host;
  return {
    secureContext: contexts.of(settings),
    // Said even when it is the default: NODE_TLS_REJECT_UNAUTHORIZED in the environment must not switch it off.
    rejectUnauthorized: settings.verify,
    // Empty and not left out: Node's HTTP client would take the Host header for it.
    servername: isIP(name) === 0 ? name.replace(/\.$/, '') : '',
    checkServerIdentity: (_host, certificate) => nodeTls().checkServerIdentity(name, certificate),
    ALPNProtocols: ['http/1.1'],
  };
}

/** What update-ca-certificates and the like maintain; where there is nothing of it, the authorities that Node carries. */
function systemRoots(): string[] {
  const { getCACertificates } = nodeTls();
  const system = [...new Set(getCACertificates('system'))];
  return system.length > 0 ? system : getCACertificates('default');
}
