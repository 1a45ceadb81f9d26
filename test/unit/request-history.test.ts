import { expect, test } from '@jest/globals';
import { MetricsAggregate } from '@lb/primary/internal/metrics/aggregate';
import { RequestHistory } from '@lb/primary/internal/metrics/request-history';

function setup() {
  const metrics = new MetricsAggregate({ version: '1', node: '24', startedAtSeconds: 0 });
  const history = new RequestHistory(metrics);
  const answer = (code: string, seconds: number): void => {
    metrics.add('lb_http_requests_total', ['web', 'api', 'GET', code]);
    metrics.observe('lb_http_request_duration_seconds', ['api'], seconds);
  };
  return { history, answer };
}

test('counts requests, those from 500 on, and how long they took, over all routes', () => {
  const { history, answer } = setup();
  history.sample();
  answer('200', 0.002);
  answer('499', 0.002);
  answer('503', 40);

  const { requests, errors, buckets } = history.recent();

  expect([requests, errors]).toEqual([3, 1]);
  expect([buckets[1], buckets.at(-1)]).toEqual([2, 1]);
});

test('forgets what is older than a minute', () => {
  const { history, answer } = setup();
  history.sample();
  answer('500', 1);
  for (let second = 0; second < 60; second++) history.sample();
  expect(history.recent().requests).toBe(1);
  history.sample();
  expect(history.recent().requests).toBe(0);
});

test('begins anew when it is told to', () => {
  const { history, answer } = setup();
  history.sample();
  answer('500', 1);
  history.restart();
  answer('200', 1);
  expect(history.recent()).toMatchObject({ requests: 1, errors: 0 });
});

test('has nothing before the first sample', () => {
  const { history, answer } = setup();
  answer('200', 1);
  expect(history.recent().requests).toBe(0);
});
