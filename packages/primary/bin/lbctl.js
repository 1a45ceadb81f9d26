#!/usr/bin/env node
// Starts lbctl, or says in one line what is missing. Plain CommonJS and ES5, so that any Node can at least read this far.
'use strict';

var NEEDED = [24, 9];

function isTooOld(version) {
  var parts = version.split('.');
  var major = Number(parts[0]);
  return major < NEEDED[0] || (major === NEEDED[0] && Number(parts[1]) < NEEDED[1]);
}

function fail(message) {
  process.stderr.write('lbctl: ' + message + '\n');
  process.exit(1);
}

if (isTooOld(process.versions.node)) {
  fail(
    'this is Node ' +
      process.versions.node +
      ', and lbctl needs ' +
      NEEDED.join('.') +
      ' or newer: "npm ci" brings it, "npx lbctl" runs with it',
  );
} else {
  try {
    require.resolve('../dist/lbctl.js');
  } catch (error) {
    fail('not built yet: run "npm run build" (' + error.code + ')');
  }
  require('../dist/lbctl.js');
}
