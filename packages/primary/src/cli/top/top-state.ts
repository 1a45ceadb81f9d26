/**
 * What `lbctl top` shows and what keys do to it. No terminal and no instance here: a key gives the next state, and what is to be done.
 *
 *     browse ── / ──▶ filter ── enter, escape ──▶ browse
 *        ├── d, e, x ──▶ confirm ── y ──▶ change ──▶ browse
 *        └── w ──▶ weight ── enter ──▶ confirm
 */
import type { BackendChangeRequest } from '@lb/shared/admin-api/contract';
import type { StatsSample } from '@lb/shared/admin-api/statistics';
import { isWeight, LARGEST_WEIGHT } from '../../overrides/override.ts';
import { type RowOrder, rowsOf, SORT_KEYS, targetOf } from './rows.ts';

/** What keys mean at the moment. */
export type Mode =
  | { readonly kind: 'browse' }
  | { readonly kind: 'filter'; readonly text: string }
  | { readonly kind: 'weight'; readonly target: string; readonly text: string }
  | {
      readonly kind: 'confirm';
      readonly target: string;
      readonly words: string;
      readonly change: BackendChangeRequest;
    };

export interface TopState extends RowOrder {
  readonly sample: StatsSample | undefined;
  readonly mode: Mode;
  /** `pool/backend` of the chosen row; '' before there is one. */
  readonly cursor: string;
  /** The outcome of the last change, or what is wrong with a key; '' for nothing. */
  readonly message: string;
  /** Why no samples come; '' while they do. */
  readonly lost: string;
}

/** What is to be done. */
export type Effect =
  | { readonly kind: 'quit'; readonly isInterrupt: boolean }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'change'; readonly target: string; readonly change: BackendChangeRequest };

export const FIRST_STATE: TopState = {
  sample: undefined,
  sortBy: 'name',
  isReversed: false,
  filter: '',
  mode: { kind: 'browse' },
  cursor: '',
  message: '',
  lost: '',
};

const PAGE = 10;

/** Takes a new sample; the cursor stays on its backend, and goes to the first row when that is gone. */
export function withSample(state: TopState, sample: StatsSample): TopState {
  return moved({ ...state, sample, lost: '' }, 0);
}

/** What a key does. */
export function pressed(
  state: TopState,
  key: string,
): { readonly state: TopState; readonly effect?: Effect } {
  if (key === 'ctrl-c') return { state, effect: { kind: 'quit', isInterrupt: true } };
  if (key === 'ctrl-z') return { state, effect: { kind: 'suspend' } };
  switch (state.mode.kind) {
    case 'filter':
      return { state: filtered(state, typed(state.mode.text, key), key) };
    case 'weight':
      return { state: weighed(state, state.mode, key) };
    case 'confirm': {
      const { target, change } = state.mode;
      const next = browsing(state, key === 'y' ? `${target}: ...` : '');
      return key === 'y'
        ? { state: next, effect: { kind: 'change', target, change } }
        : { state: next };
    }
    case 'browse':
      return key === 'q'
        ? { state, effect: { kind: 'quit', isInterrupt: false } }
        : { state: browsed({ ...state, message: '' }, key) };
  }
}

function browsed(state: TopState, key: string): TopState {
  const { cursor: target } = state;
  switch (key) {
    case 'up':
    case 'k':
      return moved(state, -1);
    case 'down':
    case 'j':
      return moved(state, 1);
    case 'page-up':
      return moved(state, -PAGE);
    case 'page-down':
      return moved(state, PAGE);
    case 's':
      return { ...state, sortBy: nextSortKey(state.sortBy) };
    case 'r':
      return { ...state, isReversed: !state.isReversed };
    case '/':
      return { ...state, mode: { kind: 'filter', text: '' } };
    case 'd':
      return asked(state, 'drain', { state: 'drain' });
    case 'e':
      return asked(state, 'enable', { state: 'enabled' });
    case 'x':
      return asked(state, 'disable', { state: 'disabled' });
    case 'w':
      return target === '' ? state : { ...state, mode: { kind: 'weight', target, text: '' } };
    default:
      return state;
  }
}

function asked(state: TopState, words: string, change: BackendChangeRequest): TopState {
  const { cursor: target } = state;
  return target === '' ? state : { ...state, mode: { kind: 'confirm', target, words, change } };
}

function filtered(state: TopState, text: string, key: string): TopState {
  if (key === 'escape') return moved({ ...browsing(state), filter: '' }, 0);
  const filter = { ...state, filter: text };
  return moved(
    key === 'enter' ? browsing(filter) : { ...filter, mode: { kind: 'filter', text } },
    0,
  );
}

function weighed(
  state: TopState,
  { target, text }: { readonly target: string; readonly text: string },
  key: string,
): TopState {
  if (key === 'escape') return browsing(state);
  if (key !== 'enter')
    return { ...state, mode: { kind: 'weight', target, text: typed(text, key) } };
  const weight = text === '' ? Number.NaN : Number(text);
  if (!isWeight(weight))
    return browsing(state, `a weight is a whole number from 0 to ${LARGEST_WEIGHT}`);
  const words = `set weight ${weight} for`;
  return { ...state, mode: { kind: 'confirm', target, words, change: { weight } } };
}

function browsing(state: TopState, message = ''): TopState {
  return { ...state, mode: { kind: 'browse' }, message };
}

function typed(text: string, key: string): string {
  if (key === 'backspace') return text.slice(0, -1);
  return key.length === 1 && key >= ' ' ? text + key : text;
}

function nextSortKey(sortBy: TopState['sortBy']): TopState['sortBy'] {
  return SORT_KEYS[(SORT_KEYS.indexOf(sortBy) + 1) % SORT_KEYS.length] ?? 'name';
}

function moved(state: TopState, by: number): TopState {
  if (state.sample === undefined) return state;
  const targets = rowsOf(state.sample, state).map(targetOf);
  const at = Math.max(0, targets.indexOf(state.cursor)) + by;
  return { ...state, cursor: targets[Math.max(0, Math.min(at, targets.length - 1))] ?? '' };
}
