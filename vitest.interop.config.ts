import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The tests against other people's registries and clients, which must be installed. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    // One file at a time: they start servers and engines, and share the machine's.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    allowOnly: false,
    reporters: ['default', './test/interop/report-skipped.ts', './scripts/plain-reporter.mjs'],
  },
});

export default config;
