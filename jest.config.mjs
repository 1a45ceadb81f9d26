/**
 * Five suites: unit (from source), integration (real sockets, from source), conformance (public requests, from source), fuzz
 * (a few mutated messages, from source), cluster (the built lbctl, real processes). What concerns an engine runs once more with
 * the other one: the same behaviour is asked of both.
 */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@lb/source', 'node', 'node-addons'] },
  transform: { '\\.ts$': './test/support/strip-types.mjs' },
};
const suite = (displayName) => ({
  ...shared,
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
});

const otherEngine = {
  ...shared,
  displayName: 'http-proxy-3',
  globals: { ENGINE: 'http-proxy-3' },
  testMatch: ['<rootDir>/test/integration/{body,cache,request,response,retry}-*.test.ts'],
};

export default {
  projects: [
    suite('unit'),
    suite('integration'),
    otherEngine,
    suite('conformance'),
    suite('fuzz'),
    suite('cluster'),
  ],
  coverageProvider: 'v8',
  testTimeout: 30_000,
  // Processes of their own, on two cores: what a failed test leaves open ends with them.
  maxWorkers: 3,
  // What suites leave in memory makes every collection slower; those that measure memory ask for dozens of them.
  workerIdleMemoryLimit: '600MB',
};
