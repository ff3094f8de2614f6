import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';

/** The unit tests: they need nothing but npm packages. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/interop/**'],
    pool: 'forks',
    testTimeout: 20_000,
    // A forgotten `.only` fails; while working, `npx vitest --allowOnly`.
    allowOnly: false,
    reporters: ['default', './scripts/plain-reporter.mjs'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html', 'lcovonly'],
    },
  },
});

export default config;
