/** TLS to one backend: how a connection is made, and the session that lets the next one begin in one round trip less. */
import type { SocketConstructorOpts } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { BackendTlsSettings } from '@lb/shared/model/backend-tls';
import { type ClientContexts, clientTlsOptions } from '@lb/shared/net/client-tls';
import { nodeTls } from '@lb/shared/net/node-modules';

/** Belongs to one backend and one state of its settings: both change the certificate that would be accepted. */
export class BackendTls {
  readonly #options: ConnectionOptions;
  #session: Buffer | undefined;

  /** @param host of the backend's URL */
  constructor(settings: BackendTlsSettings, host: string, contexts: ClientContexts) {
    this.#options = clientTlsOptions(settings, host, contexts);
  }

  /** Begins to connect. `secureConnect` says that handshake and verification are done; before that nothing is sent. */
  connect(options: ConnectionOptions & SocketConstructorOpts): TLSSocket {
    const session = this.#session === undefined ? {} : { session: this.#session };
    const socket = nodeTls().connect({ ...options, ...this.#options, ...session });
    // tls.connect has no option for it.
    socket.setNoDelay(true);
    this.#keepSession(socket);
    return socket;
  }

  /**
   * Node verifies neither chain nor name of a connection that resumes a session (CVE-2026-48934), so only what was verified
   * in full may be resumed: a session is kept once its handshake has passed, and not when it was a resumed one itself, or a
   * certificate would never be looked at again.
   */
  #keepSession(socket: TLSSocket): void {
    let early: Buffer | undefined;
    let isSecure = false;
    // TLS 1.2 brings it before the verification, TLS 1.3 after.
    socket.on('session', (session) => {
      if (!isSecure) early = session;
      else if (!socket.isSessionReused()) this.#session = session;
    });
    socket.once('secureConnect', () => {
      isSecure = true;
      if (early !== undefined && !socket.isSessionReused()) this.#session = early;
    });
    socket.once('error', () => {
      if (!isSecure) this.#session = undefined;
    });
  }
}
