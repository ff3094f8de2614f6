import type { Stores } from '../place/index.ts';
import type { Settings } from '../settings/index.ts';
import type { RegistryFlags } from './flags.ts';

/** The folders that `oci-layout://NAME/IMAGE` means: those of the settings, and before them those of the flags. */
export function storesOf(settings: Settings, { store = [] }: Pick<RegistryFlags, 'store'>): Stores {
  return {
    ...settings.stores,
    ...Object.fromEntries(store.map(({ name, folder }) => [name, folder])),
  };
}
