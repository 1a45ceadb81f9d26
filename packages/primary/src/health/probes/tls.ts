/** The handshake probe, for `lbctl check --probe`: whether traffic could be sent to an https backend. */
import { nodeTls } from '@lb/shared/net/node-modules';
import { failureText, runProbe, type Probe } from './probe.ts';
import { probeTcp } from './tcp.ts';

/** Connects and shakes hands, sends nothing, closes. A backend without TLS is only connected to. */
export const probeTls: Probe = (target, deadline) => {
  const { address, tls } = target;
  if (tls === undefined || address.kind === 'unix') return probeTcp(target, deadline);
  return runProbe(deadline, (settle) => {
    const socket = nodeTls().connect({ host: address.host, port: address.port, ...tls.options });
    socket.on('error', (error) => settle(false, failureText(error, tls.section)));
    socket.on('secureConnect', () => settle(true, `connected, ${socket.getProtocol() ?? 'TLS'}`));
    return () => socket.destroy();
  });
};
