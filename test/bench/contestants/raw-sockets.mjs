/**
 * The floor: the least that a proxy on Node can cost. Raw sockets on both sides, one field added at the end of the request's
 * head, nothing parsed. It takes requests without a body and answers that come in one read, so it is no proxy to use.
 * Arguments: port, host:port ...
 */
import net from 'node:net';

const [port, ...backends] = process.argv.slice(2);
const HEAD_END = '\r\n\r\n';
const ADDED = '\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n';

/** A connection to a backend; back in its free list as soon as the answer is passed on. */
class Upstream {
  constructor({ host, port: backendPort, free }) {
    this.client = undefined;
    const callback = (length, buffer) => {
      this.client.write(buffer.latin1Slice(0, length), 'latin1');
      free.push(this);
      return true;
    };
    const buffer = Buffer.allocUnsafeSlow(65_536);
    this.socket = net.connect({
      host,
      port: backendPort,
      noDelay: true,
      onread: { buffer, callback },
    });
    this.socket.on('error', () => this.client.destroy());
  }

  forward(request, client) {
    this.client = client;
    this.socket.write(request, 'latin1');
  }
}

const targets = backends.map((backend) => {
  const [host, backendPort] = backend.split(':');
  return { host, port: Number(backendPort), free: [] };
});
let next = 0;

net
  .createServer({ noDelay: true }, (client) => {
    client.on('error', () => client.destroy());
    client.on('data', (bytes) => {
      const text = bytes.latin1Slice();
      const end = text.indexOf(HEAD_END);
      if (end < 0) throw new Error('a request came in pieces');
      next = (next + 1) % targets.length;
      const target = targets[next];
      const upstream = target.free.pop() ?? new Upstream(target);
      upstream.forward(text.slice(0, end) + ADDED, client);
    });
  })
  .listen(Number(port), '127.0.0.1', 4096);
