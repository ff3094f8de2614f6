/** A registry that is read alone. */
export { readOnly } from './readonly.ts';
