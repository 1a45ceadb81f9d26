/** The tcp probe: healthy means that a connection can be made. */
import { connect } from 'node:net';
import { failureText, runProbe, type Probe } from './probe.ts';

/** Connects, sends nothing, closes. `healthCheck.port` replaces the port of a host:port backend. */
export const probeTcp: Probe = (target, deadline) =>
  runProbe(deadline, (settle) => {
    const { address, healthCheck } = target;
    const socket =
      address.kind === 'unix'
        ? connect({ path: address.path })
        : connect({ host: address.host, port: healthCheck.port ?? address.port });
    socket.on('error', (error) => settle(false, failureText(error)));
    socket.on('connect', () => settle(true, 'connected'));
    return () => socket.destroy();
  });
