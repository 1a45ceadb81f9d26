/** Every query of deploy/prometheus and deploy/grafana, with what a person or Grafana would put in place of variables. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));

export const ALERTS: string = `${DEPLOY}/prometheus/alerts.yaml`;

/** Names of the boards' files. */
export const BOARDS: readonly string[] = ['overview', 'pools'];

export interface ShippedQuery {
  /** An alert, or a board and a panel. */
  readonly name: string;
  readonly expression: string;
}

interface Target {
  readonly expr: string;
}

/** A board as Grafana reads it, as far as anybody here looks at it. */
export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly Target[];
    readonly datasource?: { readonly uid: string };
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
  }[];
  readonly annotations: { readonly list: readonly (Target & { readonly name: string })[] };
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly definition?: string;
    }[];
  };
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export function alertRules(): readonly Rule[] {
  const file = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: Rule[] }[] };
  return file.groups.flatMap(({ rules }) => rules);
}

export function board(name: string): Board {
  return JSON.parse(readFileSync(`${DEPLOY}/grafana/${name}.json`, 'utf8')) as Board;
}

export function shippedQueries(): readonly ShippedQuery[] {
  return [
    ...alertRules().map(({ alert: name, expr: expression }) => ({ name, expression })),
    ...BOARDS.flatMap((name) => boardQueries(board(name))),
  ];
}

function boardQueries({ title, panels, annotations, templating }: Board): ShippedQuery[] {
  const panelQueries = panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ name: `${title}: ${panel.title}`, expr })),
  );
  const variableQueries = templating.list.flatMap(({ name, definition }) => {
    const [, expr] = /^label_values\((.+), \w+\)$/.exec(definition ?? '') ?? [];
    return expr === undefined ? [] : [{ name: `${title}: $${name}`, expr }];
  });
  return [...panelQueries, ...annotations.list, ...variableQueries].map(({ name, expr }) => ({
    name,
    expression: withoutVariables(expr),
  }));
}

function withoutVariables(expression: string): string {
  return expression.replaceAll(/\$__\w+/g, '1m').replaceAll(/\$\w+/g, '.*');
}
