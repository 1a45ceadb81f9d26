/** Certificates for tests: X.509 (RFC 5280) written by hand, because openssl is not on every machine and Node makes none. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';

/** A certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Host names and addresses that it is for. */
  readonly names?: readonly string[];
  readonly isExpired?: boolean;
}

/** Signs certificates; its own is `cert`. */
export interface Authority extends Certificate {
  issue(options?: CertificateOptions): Certificate;
}

export function createAuthority(name = 'Test Authority'): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { name, key: keys.privateKey };
  return {
    ...toPem(build({ subject: name, publicKey: keys.publicKey, signer, isAuthority: true }), keys),
    issue: (options = {}) => issue(signer, options),
  };
}

/** A certificate that vouches for itself. */
export function selfSigned(names: readonly string[]): Certificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { name: 'Self', key: keys.privateKey };
  return toPem(build({ subject: 'Self', publicKey: keys.publicKey, signer, names }), keys);
}

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
}

interface Contents extends CertificateOptions {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: Signer;
  readonly isAuthority?: boolean;
}

function issue(signer: Signer, options: CertificateOptions): Certificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return toPem(build({ subject: 'Test', publicKey: keys.publicKey, signer, ...options }), keys);
}

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

function build(contents: Contents): Buffer {
  const {
    subject,
    publicKey,
    signer,
    names = [],
    isExpired = false,
    isAuthority = false,
  } = contents;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const serial = createHash('sha256').update(spki).digest().subarray(0, 8);
  const extensions = [
    ...(isAuthority ? [extension([0x55, 0x1d, 0x13], sequence(tlv(0x01, Buffer.of(0xff))))] : []),
    ...(names.length > 0
      ? [extension([0x55, 0x1d, 0x11], sequence(...names.map(generalName)))]
      : []),
  ];
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.of(1), serial),
    ECDSA_WITH_SHA256,
    distinguishedName(signer.name),
    sequence(utcTime('200101000000Z'), utcTime(isExpired ? '210101000000Z' : '491231235959Z')),
    distinguishedName(subject),
    spki,
    ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
  );
  const signature = sign('sha256', toBeSigned, signer.key);
  return sequence(toBeSigned, ECDSA_WITH_SHA256, tlv(0x03, Buffer.of(0), signature));
}

function toPem(der: Buffer, { privateKey }: { readonly privateKey: KeyObject }): Certificate {
  const lines = (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** X.690: tag, length, value. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function oid(...bytes: readonly number[]): Buffer {
  return tlv(0x06, Buffer.of(...bytes));
}

function utcTime(text: string): Buffer {
  return tlv(0x17, Buffer.from(text));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(...id), tlv(0x04, value));
}

/** A dNSName, or an iPAddress. */
function generalName(name: string): Buffer {
  if (isIP(name) === 0) return tlv(0x82, Buffer.from(name));
  if (isIPv4(name)) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  if (name !== '::1') throw new Error('no other address of IPv6 is needed');
  return tlv(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)]));
}
