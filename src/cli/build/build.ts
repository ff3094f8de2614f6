import {
  build as buildImage,
  formatWarnings,
  openDaemon,
  sourceExcerpt,
  tlsFolder,
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  type Daemon,
  type Output,
  type RegistryOutput,
  type StatusUpdate,
  type VertexWarning,
} from '../../buildkit/index.ts';
import { defaultCredentials } from '../../auth/index.ts';
import { copy } from '../../image/index.ts';
import { parsePlatform } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import { errorCode, isRegistryError, type Options } from '../../registry/index.ts';
import { print, say, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { withPlaces } from '../session.ts';
import { attestationsOf } from './attestations.ts';
import { cacheExportsOf, cacheImportsOf } from './caches.ts';
import { checkOutputs } from './check-outputs.ts';
import { resolveContexts } from './contexts.ts';
import { definitionOf } from './definition.ts';
import { showBuild, type ProgressKind } from './display.ts';
import { isTrue, parsePair } from './fields.ts';
import { outputsOf, type OutputFlags } from './outputs.ts';
import { cachesToReset } from './reset-caches.ts';
import { checkResultFiles, writeResult, type ResultFlags } from './result.ts';
import { secretOf } from './secrets.ts';
import { sshAgentOf } from './ssh-agents.ts';
import { writeTars, type WithTars } from './tar-outputs.ts';
import { buildTokens } from './tokens.ts';

export interface BuildFlags extends Omit<RegistryFlags, 'cache'>, OutputFlags, ResultFlags {
  readonly file?: string;
  readonly context?: readonly string[];
  readonly platform?: readonly string[];
  readonly buildArg?: readonly string[];
  readonly target?: string;
  readonly label?: readonly string[];
  readonly noCache?: boolean;
  readonly noCacheFilter?: readonly string[];
  readonly pull?: boolean;
  readonly network?: 'default' | 'none' | 'host';
  readonly addHost?: readonly string[];
  readonly attest?: readonly string[];
  readonly secret?: readonly string[];
  readonly ssh?: readonly string[];
  readonly cacheFrom?: readonly string[];
  readonly cacheTo?: readonly string[];
  readonly progress: ProgressKind;
  readonly address?: string;
  readonly tlsdir?: string;
}

/** `stowage build [CONTEXT]`: the digest of the image on standard output, what goes on on standard error. */
export default async function build(this: Context, flags: BuildFlags, where: string): Promise<void> {
  await withPlaces(this, { ...flags, cache: true }, async (places, session) => {
    const { env: environment } = this.process;
    const credentials = defaultCredentials({ environment });
    const tokens = buildTokens(credentials, { ...flags, cache: true }, session);
    let daemon: Daemon | undefined;
    let written: WithTars | undefined;
    try {
      await checkResultFiles(flags);
      // What is wrong with a reference is told before anybody is asked to build.
      const wanted = outputsOf(this, places, flags);
      await checkOutputs(wanted.outputs);
      const described = {
        ...(await describe(this, flags, where, places)),
        credentials,
        // As with buildx, for token servers that only the builder reaches.
        ...(!isTrue(environment['BUILDKIT_NO_CLIENT_TOKEN']) && { fetchToken: tokens.fetchToken }),
      };
      const resetCaches = await cachesToReset(this, flags.cacheTo ?? []);
      daemon = await openDaemon({
        env: environment,
        signal: this.signal,
        ...(flags.address !== undefined && { address: flags.address }),
        ...(flags.tlsdir !== undefined && { tls: tlsFolder(flags.tlsdir) }),
      });
      written = await writeTars(daemon, places, wanted, { signal: this.signal });
      const { outputs, copies } = written;
      if (outputs.length === 0)
        say(
          this,
          'nothing keeps what is built but the cache of the builder: name it with --tag, or use --output',
        );
      const result = await run(this, flags.progress, { ...described, outputs, daemon });
      await copyTo(copies, outputs, result, { signal: this.signal });
      await places.commit({ signal: this.signal });
      await written.finish();
      await resetCaches();
      await writeResult(flags, result);
      if (result.digest !== undefined && !takesStandardOutput(flags)) print(this, result.digest);
    } catch (error) {
      fail(this, error);
    } finally {
      await written?.close();
      await daemon?.close();
      await tokens.close();
      // A build that failed leaves the rest of it, and must not wait for that.
      if (where === '-') this.process.stdin?.destroy();
    }
  });
}

/** All that is to be known of a build but who builds it. */
async function describe(
  context: Context,
  flags: BuildFlags,
  where: string,
  places: Places,
): Promise<Omit<BuildOptions, 'daemon'>> {
  const { signal } = context;
  const { env: environment } = context.process;
  const { context: contexts = [], platform, buildArg = [], label = [], noCache, noCacheFilter } = flags;
  const { target, pull, network, addHost, attest = [], secret = [], ssh = [] } = flags;
  const cacheFrom = await cacheImportsOf(context, places, flags.cacheFrom ?? []);
  const noCacheOf = noCache ?? noCacheFilter;
  return {
    signal,
    ...(await definitionOf(context, where, flags.file)),
    contexts: await resolveContexts(places, contexts, { signal }),
    // Only some engines need it, and every build would wait for it to be loaded.
    serve: async (registry, handling) => {
      const { createHandler, listen } = await import('../../server/index.ts');
      return listen(createHandler(registry, handling));
    },
    environment,
    secrets: secret.map((text) => secretOf(context, text)),
    ssh: ssh.map((text) => sshAgentOf(context, text)),
    buildArgs: Object.fromEntries(buildArg.flatMap((text) => buildArgOf(context, text))),
    labels: Object.fromEntries(
      label.map((text) => parsePair('label', text.includes('=') ? text : `${text}=`)),
    ),
    attestations: attestationsOf(attest),
    cacheFrom,
    cacheTo: cacheExportsOf(places, flags.cacheTo ?? []),
    ...(platform !== undefined && {
      platforms: platform.flatMap((text) => text.split(',')).map(parsePlatform),
    }),
    ...(target !== undefined && { target }),
    ...(noCacheOf !== undefined && { noCache: noCacheOf }),
    ...(pull !== undefined && { pull }),
    ...(network !== undefined && { network }),
    ...(addHost !== undefined && { addHosts: addHost }),
  };
}

/** Copies what was built to where it is to go beside the first of these. */
async function copyTo(
  copies: readonly RegistryOutput[],
  outputs: readonly Output[],
  { digest }: BuildResult,
  options: Options,
): Promise<void> {
  const from = outputs.find(({ type }) => type === 'registry');
  if (from?.type !== 'registry' || digest === undefined) return;
  const source = { registry: from.registry, repository: from.repository, digest };
  for (const { registry, repository, tags = [] } of copies) {
    if (tags.length === 0) await copy(source, { registry, repository }, options);
    for (const tag of tags) await copy(source, { registry, repository, tag }, options);
  }
}

/** Builds, and shows how it goes; of what fails, where in the Dockerfile that is. */
async function run(context: Context, kind: ProgressKind, options: BuildOptions): Promise<BuildResult> {
  const display = showBuild(context, kind);
  const warnings: VertexWarning[] = [];
  const onProgress = (update: StatusUpdate): void => {
    warnings.push(...update.warnings);
    display.update(update);
  };
  const isForPeople = kind !== 'quiet' && kind !== 'rawjson';
  const tellWarnings = (): void => {
    display.end();
    const text = isForPeople ? formatWarnings(warnings) : '';
    if (text !== '') say(context, text.trimEnd());
  };
  try {
    const result = await buildImage({ ...options, onProgress });
    tellWarnings();
    return result;
  } catch (error) {
    tellWarnings();
    const excerpts = failureOf(error)?.sources.map(sourceExcerpt).join('') ?? '';
    if (excerpts !== '' && kind !== 'rawjson') say(context, excerpts.trimEnd());
    throw error;
  } finally {
    display.end();
  }
}

function failureOf(error: unknown): BuildFailure | undefined {
  return isRegistryError(error) && errorCode(error) === 'BUILD_FAILED'
    ? (error.detail as BuildFailure)
    : undefined;
}

/** `NAME=VALUE`; the name alone takes the value from the environment, and is nothing where it has none. */
function buildArgOf({ process: { env } }: Context, text: string): readonly (readonly [string, string])[] {
  if (text.includes('=')) return [parsePair('build-arg', text)];
  const value = env[text];
  return value === undefined ? [] : [[text, value]];
}

/** Whether a tar goes where the digest would. */
function takesStandardOutput({ output = [] }: BuildFlags): boolean {
  return output.some((text) => text === '-' || /(?:^|,)dest=-(?:,|$)/.test(text));
}
