/** The alerts and boards of deploy/: what they ask for exists, and they are what people expect of alerts and boards. */
import { describe, expect, test } from '@jest/globals';
import { METRICS, type MetricName } from '@lb/shared/metrics/catalog';
import { alertRules, board, BOARDS, shippedQueries } from '../support/shipped-queries.ts';

/** What Prometheus itself adds to each series. */
const OF_PROMETHEUS = ['instance', 'job'];

/** Names in an expression, each with the labels that its selector asks for. */
function selectorsIn(expression: string) {
  return [...expression.matchAll(/\b(lb_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', labels = '']) => ({
      name,
      labels: [...labels.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }),
  );
}

/** The metric of a series, and its labels in Prometheus; undefined where there is none. */
function metricOf(series: string): { type: string; labels: readonly string[] } | undefined {
  const name = series.replace(/_(bucket|sum|count)$/, '');
  const isPart = name !== series;
  const { type, labels } = METRICS[name as MetricName] ?? METRICS[series as MetricName] ?? {};
  if (type === undefined || labels === undefined) return undefined;
  if (isPart !== (type === 'histogram')) return undefined;
  return { type, labels: series.endsWith('_bucket') ? [...labels, 'le'] : labels };
}

const queries = shippedQueries();

describe('every query', () => {
  test.each(queries.map(({ name, expression }) => [name, expression]))(
    'of %s names metrics and labels that exist',
    (_, expression) => {
      const selectors = selectorsIn(expression);
      const known = new Set(OF_PROMETHEUS);
      for (const { name, labels } of selectors) {
        const metric = metricOf(name);
        expect({ name, exists: metric !== undefined }).toEqual({ name, exists: true });
        for (const label of metric?.labels ?? []) known.add(label);
        for (const label of labels)
          expect([...OF_PROMETHEUS, ...(metric?.labels ?? [])]).toContain(label);
      }
      expect(selectors.length + Number(expression.startsWith('up{'))).toBeGreaterThan(0);
      for (const [, grouping = ''] of expression.matchAll(/\b(?:by|without|on) \(([^)]*)\)/g))
        for (const label of grouping.split(',')) expect([...known]).toContain(label.trim());
    },
  );

  test('asks for a rate of a counter, or of the parts of a histogram', () => {
    for (const { name, expression } of queries)
      for (const [, series = ''] of expression.matchAll(/\b(?:rate|increase)\((\w+)/g))
        expect({ name, type: metricOf(series)?.type }).toEqual({
          name,
          type: expect.stringMatching(/^(counter|histogram)$/),
        });
  });
});

describe('every alert', () => {
  test.each(alertRules().map((rule) => [rule.alert, rule] as const))(
    '%s waits, and says how bad it is, what it is, what that means and what to do',
    (_, rule) => {
      expect(rule.for).toMatch(/^\d+[sm]$/);
      expect(['critical', 'warning']).toContain(rule.labels['severity']);
      for (const part of ['summary', 'description', 'action'])
        expect(rule.annotations[part]?.length).toBeGreaterThan(20);
      // Commands of its action are ours: "lbctl events".
      const verbs = [...(rule.annotations['action'] ?? '').matchAll(/"lbctl ([a-z]+)/g)];
      for (const [, verb = ''] of verbs)
        expect([
          'backends',
          'check',
          'disable',
          'enable',
          'events',
          'explain',
          'logs',
          'status',
        ]).toContain(verb);
    },
  );
});

describe.each(BOARDS)('the board %s', (name) => {
  const { panels, templating, uid } = board(name);

  test('asks the data source that is chosen on it', () => {
    expect(uid).toBe(`lbctl-${name}`);
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    const asking = panels.filter(({ type }) => type !== 'row');
    expect(new Set(asking.map(({ datasource }) => datasource?.uid))).toEqual(
      new Set(['${datasource}']),
    );
  });

  test('has panels that do not overlap, each with an id of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x).toBeLessThan(24);
          expect(taken.has(`${x}/${y}`)).toBe(false);
          taken.add(`${x}/${y}`);
        }
  });
});
