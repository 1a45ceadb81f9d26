/** The rules that span sections about what workers and instances share: rate limits and the store. */
import {
  type Located,
  type Path,
  type Problem,
  at,
  indexes,
  keyProblem,
  keysOf,
  problemAt,
  quoted,
  textOf,
} from './located.ts';
import { didYouMean } from './suggest.ts';

/** The limits of a route exist, and each is named once. @param path of the list */
export function limitNames(root: Located, path: Path): Problem[] {
  const known = keysOf(root, 'rateLimits');
  const used = new Set<string>();
  return indexes(root, ...path).flatMap((index): Problem[] => {
    const node = at(root, ...path, index);
    const name = textOf(node);
    if (name === undefined) return [];
    const isAgain = used.has(name);
    used.add(name);
    if (known.includes(name)) {
      if (!isAgain) return [];
      return [problemAt(root, [...path, index], `${quoted(node, 'this limit')} is named twice`)];
    }
    const hint =
      didYouMean(name, known) ??
      (known.length === 0 ? 'there is no "rateLimits:" yet' : `the limits are ${known.join(', ')}`);
    const message = `no rate limit is named ${quoted(node, 'so')}`;
    return [problemAt(root, [...path, index], message, hint)];
  });
}

/** Which of the ways to reach Redis is meant has to be clear. */
export function storeRules(root: Located): Problem[] {
  const isGiven = (key: string): boolean => at(root, 'store', key) !== undefined;
  const problems: Problem[] = [];
  const ways = ['url', 'sentinels', 'cluster'].filter(isGiven);
  for (const key of ways.slice(1)) {
    const message = `one way to reach Redis is enough, and "${ways[0]}" is given`;
    problems.push(keyProblem(root, ['store', key], message));
  }
  if (isGiven('sentinels') && !isGiven('name')) {
    const message = 'missing "name": the master that the sentinels watch';
    problems.push(
      keyProblem(root, ['store', 'sentinels'], message, 'for example "name: mymaster"'),
    );
  }
  if (isGiven('name') && !isGiven('sentinels')) {
    const message = '"name" is the name of a master that sentinels watch: "sentinels" is missing';
    problems.push(keyProblem(root, ['store', 'name'], message));
  }
  return problems;
}
