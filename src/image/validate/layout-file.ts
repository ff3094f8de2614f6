import { must, shown, type Finding } from './finding.ts';
import type { JsonObject } from './rule-options.ts';

/** The file that says which version a layout is of. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file */
export function* layoutFileRules({ imageLayoutVersion }: JsonObject): Generator<Finding> {
  if (imageLayoutVersion !== '1.0.0')
    yield must('/imageLayoutVersion', `want 1.0.0, got ${shown(imageLayoutVersion)}`);
}
