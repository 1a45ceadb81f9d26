/** Keeps overrides where all instances have them. */
import type { Registry } from '@lb/shared/store/registry';
import type { OverrideStore } from './override-store.ts';

/** What is stored comes with each beat, for the changes of other instances too: there is nothing to load. */
export function registryOverrides(registry: Registry): OverrideStore {
  return {
    load: () => Promise.resolve(new Map()),
    set: (field, value) => registry.setOverride(field, value),
    clear: () => registry.clearOverrides(),
  };
}
