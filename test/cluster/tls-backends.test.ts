/** Backends over TLS as an operator has them: files on disk, probes, and certificates that are rotated. */
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { startLbctl } from '../support/lbctl.ts';
import { pemFiles, startTlsBackend } from '../support/tls-backend.ts';
import { workplace } from '../support/running-lbctl.ts';

const listeners = 'listeners: [{ name: web, bind: 127.0.0.1:0 }]\nworkers: 2\n';

describe('backends over TLS', () => {
  test('a rotated authority is read again at a reload, by workers and probes; a broken file changes nothing', async () => {
    using pem = pemFiles();
    const before = createAuthority('Before');
    const after = createAuthority('After');
    await using old = await startTlsBackend(before.issue({ names: ['127.0.0.1'] }));
    await using renewed = await startTlsBackend(after.issue({ names: ['127.0.0.1'] }));
    const ca = pem.write('ca.pem', before.cert);
    const check = 'healthCheck: { interval: 200ms, timeout: 200ms, fall: 1 }';
    await using lb = await startLbctl(
      `${listeners}pools: { web: { backends: [${old.url}, ${renewed.url}], tls: { ca: ${ca} }, ${check} } }\n`,
    );
    const states = async (): Promise<readonly string[]> =>
      (await lb.pool('web')).backends.map(({ state }) => state);
    await eventually(async () => expect(await states()).toEqual(['up', 'down']));
    expect((await lb.pool('web')).backends[1]?.reason).toContain('set pools.web.tls.ca');

    pem.write('ca.pem', 'no certificate');
    const refused = await lb.run('reload');
    pem.write('ca.pem', after.cert);
    const applied = await lb.run('reload');
    await eventually(async () => expect(await states()).toEqual(['down', 'up']));

    expect([refused.code, applied.code]).toEqual([2, 0]);
    expect(refused.stderr).toContain('no certificate in this file');
    expect(applied.stdout).toContain(`file ${ca}: other contents`);
    for (let i = 0; i < 8; i++) {
      expect(await (await fetch(`http://127.0.0.1:${lb.port}/${i}`)).text()).toBe('secure');
    }
    expect(renewed.requests.filter((path) => path !== '/health')).toHaveLength(8);
    expect(lb.log()).not.toContain('BEGIN CERTIFICATE');
  });

  test('lbctl check reads the files beside lb.yaml, and with --probe shakes hands', async () => {
    await using place = workplace();
    const authority = createAuthority();
    await using backend = await startTlsBackend(authority.issue({ names: ['127.0.0.1'] }));
    place.write('ca.pem', authority.cert);
    const yaml = (tls: string): string =>
      `${listeners}pools: { web: { backends: [${backend.url}], tls: ${tls} } }\n`;
    place.write('lb.yaml', yaml('{ ca: ca.pem }'));
    place.write('none.yaml', yaml('{ ca: none.pem }'));
    place.write('open.yaml', yaml('{ verify: false }'));
    place.write('system.yaml', yaml('{}'));

    const [fine, none, open, system] = await Promise.all([
      place.lbctl('check', '--probe'),
      place.lbctl('check', '-c', 'none.yaml'),
      place.lbctl('check', '-c', 'open.yaml'),
      place.lbctl('check', '-c', 'system.yaml', '--probe'),
    ]);

    expect([fine.code, none.code, open.code, system.code]).toEqual([0, 2, 0, 1]);
    expect(fine.stdout).toContain('connected, TLSv1.3');
    expect(none.stderr).toContain('cannot read the file "none.pem" (no such file)');
    expect(open.stderr).toContain('the certificates of pool web are not verified');
    expect(system.stdout).toContain('set pools.web.tls.ca');
  });
});
