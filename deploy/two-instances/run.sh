#!/bin/sh
# Redis, three backends and two instances on this machine, without Docker. Ctrl-C stops everything. With --once it makes some
# requests, says what came of them, and exits: 0 when limits and sessions are shared.
set -e
cd "$(dirname "$0")/../.."
[ -d node_modules ] || npm ci
[ -e packages/primary/dist ] || npm run --silent build
export PATH="$PWD/node_modules/.bin:$PATH"
exec node test/demo/two-instances.ts "$@"
