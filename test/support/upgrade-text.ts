/** The two heads of a tunnel, as text. */

/** A request for another protocol. @param more fields, each with its line end */
export const upgrade = (protocol: string, more = '', line = 'GET /'): string =>
  `${line} HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;

/** One for a WebSocket. */
export const WEBSOCKET: string = upgrade(
  'websocket',
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n',
);

/** The answer that agrees. */
export const switching = (protocol: string, more = ''): string =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;
