import { buildApplication, buildRouteMap, type Application } from '@stricli/core';
import { version } from '../version.ts';
import { login, logout, token } from './account/commands.ts';
import { build } from './build/command.ts';
import { builds } from './builds/routes.ts';
import { cache } from './cache/routes.ts';
import type { Context } from './context.ts';
import { copy } from './copy/command.ts';
import { deploy } from './deploy/command.ts';
import { exitCodeOf } from './exit-code.ts';
import { layout } from './layout/routes.ts';
import { lookup } from './lookup/command.ts';
import { parserText } from './parser-text.ts';
import { serve } from './serve/command.ts';
import { sources } from './sources/command.ts';
import { validate } from './validate/command.ts';

/** The commands. Each is loaded when it is called. */
export const application: Application<Context> = buildApplication(
  buildRouteMap({
    routes: {
      lookup,
      layout,
      validate,
      copy,
      build,
      builds,
      deploy,
      sources,
      serve,
      cache,
      login,
      logout,
      token,
    },
    docs: { brief: 'Container images, wherever they are' },
  }),
  {
    name: 'stowage',
    versionInfo: { currentVersion: version },
    determineExitCode: exitCodeOf,
    localization: { text: parserText },
    // Behind `--` a word may begin with a dash: a folder may.
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab' },
  },
);
