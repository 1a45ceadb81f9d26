/** `routes.*.match`, compiled to one test. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { compilePattern, type Pattern } from '@lb/shared/net/pattern';
import { normalisePath, toMatchPath } from './path.ts';

/** What a rule can look at. */
export interface Matchable {
  readonly method: string;
  /** Lower case, without port. */
  readonly hostname: string;
  /** Path as rules see it (Target.matchPath). */
  readonly matchPath: string;
  /** With its `?`, or ''. */
  readonly search: string;
  /** All lines of a field, joined by commas; undefined when there is none. @param lower the name in lower case */
  header(lower: string): string | undefined;
}

/** Tells whether a route takes a request. */
export interface RouteMatcher {
  test(request: Matchable): boolean;
  /** Same, but for the method: tells 404 from 405 for TRACE and CONNECT, which a route must name. */
  readonly namesMethod: (method: string) => boolean;
}

type Test = (request: Matchable) => boolean;

/** Methods that match only where a route names them: TRACE reflects credentials, CONNECT opens tunnels. */
const NAMED_ONLY = new Set(['TRACE', 'CONNECT']);

/** Compiles a match of a checked configuration; cheap tests come first. */
export function compileMatch(match: RouteConfig['match']): RouteMatcher {
  const methods = new Set(match.methods);
  const namesMethod = (method: string): boolean =>
    methods.size === 0 ? !NAMED_ONLY.has(method) : methods.has(method);
  const tests: Test[] = [({ method }) => namesMethod(method)];
  if (match.hosts.length > 0) tests.push(anyOf(match.hosts.map(hostTest)));
  if (match.paths.length > 0) tests.push(anyOf(match.paths.map(pathTest)));
  for (const [name, wanted] of Object.entries(match.headers)) tests.push(headerTest(name, wanted));
  if (Object.keys(match.query).length > 0) tests.push(queryTest(match.query));
  return { namesMethod, test: (request) => tests.every((test) => test(request)) };
}

function anyOf(tests: readonly Test[]): Test {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (request) => tests.some((test) => test(request));
}

/** By exact name, or by a suffix that begins with its dot: `xgood.example` is not below `good.example`. */
function hostTest(pattern: string): Test {
  const wanted = pattern.toLowerCase();
  if (wanted === '*') return () => true;
  if (wanted.startsWith('*.')) {
    const suffix = wanted.slice(1);
    return ({ hostname }) => hostname.length > suffix.length && hostname.endsWith(suffix);
  }
  return ({ hostname }) => hostname === wanted;
}

function pathTest(pattern: string): Test {
  if (pattern.startsWith('~')) {
    const test = regularExpression(pattern.slice(1));
    return ({ matchPath }) => test(matchPath);
  }
  if (pattern.startsWith('=')) {
    const exact = rulePath(pattern.slice(1));
    return ({ matchPath }) => matchPath === exact;
  }
  const prefix = rulePath(pattern.replace(/\/?\*$/, '')).replace(/\/$/, '');
  if (prefix === '') return () => true;
  const below = `${prefix}/`;
  return ({ matchPath }) => matchPath === prefix || matchPath.startsWith(below);
}

/** A rule's path goes through the same normalisation as a request's, so that both sides meet. */
function rulePath(path: string): string {
  return toMatchPath(normalisePath(path === '' ? '/' : path) ?? path);
}

function headerTest(name: string, wanted: string): Test {
  const lower = name.toLowerCase();
  const test = valueTest(wanted);
  return (request) => {
    const value = request.header(lower);
    return value !== undefined && test(value);
  };
}

function queryTest(query: Readonly<Record<string, string>>): Test {
  const tests = Object.entries(query).map(([name, wanted]) => ({ name, test: valueTest(wanted) }));
  return ({ search }) => {
    if (search === '') return false;
    const parameters = new URLSearchParams(search);
    return tests.every(({ name, test }) => parameters.getAll(name).some(test));
  };
}

function valueTest(wanted: string): Pattern {
  return wanted.startsWith('~') ? regularExpression(wanted.slice(1)) : (value) => value === wanted;
}

function regularExpression(expression: string): Pattern {
  const pattern = compilePattern(expression);
  if (pattern === undefined)
    throw new Error(`a checked configuration has the expression ${expression}`);
  return pattern;
}
