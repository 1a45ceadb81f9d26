/** Which servers will do. */
import { StoreError } from '../store.ts';

/** GETEX came with it; nothing older gets fixes. */
const OLDEST = [6, 2] as const;

/**
 * Looks at what INFO says of a server.
 * @throws StoreError when it is too old, or still loads its data
 */
export function checkServer(info: string, where: string): void {
  const [, version = ''] = /^redis_version:(.+?)\r?$/m.exec(info) ?? [];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (!(major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))) {
    const found = version === '' ? 'a server without a version' : `Redis ${version}`;
    const text = `${where} leads to ${found}: Redis ${OLDEST.join('.')} or newer is needed`;
    throw new StoreError('refused', text);
  }
  if (/^loading:1\r?$/m.test(info)) {
    throw new StoreError('refused', 'Redis is still loading its data: wait');
  }
}
