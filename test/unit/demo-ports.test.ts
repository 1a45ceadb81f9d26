import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { areDefault, readDemoOptions, takenPorts, withPorts } from '../demo/ports.ts';

const OTHER = { listener: 18_080, admin: 19_090, backends: [19_001, 19_002, 19_003] } as const;

describe('ports of the demo', () => {
  test('are those of lb.yaml unless chosen', () => {
    const { ports, once } = readDemoOptions([], {});
    expect(ports).toEqual({ listener: 8080, admin: 9090, backends: [9001, 9002, 9003] });
    expect(areDefault(ports)).toBe(true);
    expect(once).toBe(false);
  });

  test('come from flags first, then from the environment', () => {
    const env = { DEMO_PORT: '18081', DEMO_ADMIN_PORT: '19091' };
    const { ports } = readDemoOptions(
      ['--port', '18080', '--backend-port', '19001', '--once'],
      env,
    );
    expect(ports).toEqual({ ...OTHER, admin: 19_091 });
    expect(areDefault(ports)).toBe(false);
  });

  test.each(['0', '65534', '80x', ''])('refuse %p', (text) => {
    expect(() => readDemoOptions(['--port', text], {})).toThrow(RangeError);
  });

  test('replace every address of lb.yaml and nothing else', async () => {
    const yaml = await readFile(new URL('../../lb.yaml', import.meta.url), 'utf8');
    const changed = withPorts(yaml, OTHER);
    expect(changed).not.toMatch(/:(8080|9090|900[123])\b/);
    for (const port of [OTHER.listener, OTHER.admin, ...OTHER.backends]) {
      expect(changed.split(`:${port}`)).toHaveLength(2);
    }
    expect(withPorts(changed, OTHER)).toBe(changed);
  });

  test('are named when another process holds them', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve);
    });
    const { port } = holder.address() as AddressInfo;
    try {
      const ports = { listener: port, admin: port, backends: [port, port, port] } as const;
      expect(await takenPorts(ports)).toEqual([port, port, port, port, port]);
    } finally {
      holder.close();
    }
  });
});
