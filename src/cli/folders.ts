import { join } from 'node:path';
import { cacheFolder } from '../disk/index.ts';
import type { Context } from './context.ts';

/** Where tokens are kept between runs. */
export function tokenFolder({ process: { env: environment } }: Context): string {
  return join(cacheFolder({ environment }), 'tokens');
}

/** Where uploads are kept in mind between runs. */
export function uploadFolder({ process: { env: environment } }: Context): string {
  return join(cacheFolder({ environment }), 'uploads');
}
