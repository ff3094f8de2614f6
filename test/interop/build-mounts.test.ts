import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { buildTests, type Builder } from './builder.ts';
import { dockerRegistry } from './servers.ts';

const build = buildTests();

/** Tells of a file, or a variable, how long it is and the sum of its bytes; of an agent, how many keys it has. */
const PROBE = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static void tell(unsigned long length, unsigned long sum) { printf("%lu bytes, sum %lu\\n", length, sum); }
int main(int argc, char **argv) {
  unsigned long length = 0, sum = 0;
  if (strcmp(argv[1], "agent") == 0) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned char answer[9] = {0};
    int agent = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(address.sun_path, getenv("SSH_AUTH_SOCK"), sizeof address.sun_path - 1);
    if (connect(agent, (struct sockaddr *)&address, sizeof address)) return 1;
    if (write(agent, "\\0\\0\\0\\1\\13", 5) != 5 || read(agent, answer, 9) != 9) return 1;
    return printf("%d keys\\n", answer[8]) < 0;
  }
  if (strcmp(argv[1], "variable") == 0) {
    const char *value = getenv(argv[2]);
    for (; value && value[length]; length++) sum += (unsigned char)value[length];
    return tell(length, sum), 0;
  }
  FILE *file = fopen(argv[2], "r");
  if (!file) return puts("no file"), 0;
  for (int byte; (byte = getc(file)) != EOF; length++) sum += byte;
  return tell(length, sum), 0;
}
`;

/** What the probe says of a secret, which nobody else is to say. */
function told(secret: Buffer | string): string {
  const bytes = Buffer.from(secret);
  return `${bytes.length} bytes, sum ${bytes.reduce((sum, byte) => sum + byte, 0)}`;
}

/** `someone`, whose password is `canary-password`. */
const SOMEONE = 'someone:$2b$04$Uis5IB2RXzLszWStu5l7iey0HR91sdT2fQ64Gm90/IiIohrJ.N/i2';

let probes: Promise<string> | undefined;

/** A layout with an image that has the probe in it. */
function probeLayout(builder: Builder): Promise<string> {
  return (probes ??= (async () => {
    const { stage } = builder;
    const [context, layout] = [stage.newFolder('probe'), stage.newFolder('probe-layout')];
    await mkdir(context);
    await writeFile(join(stage.folder, 'probe.c'), PROBE);
    await stage.run('cc', '-static', '-s', '-o', join(context, 'probe'), join(stage.folder, 'probe.c'));
    const file = await builder.dockerfile('FROM scratch\nCOPY probe /probe\n');
    await succeed(builder, file, '-o', `oci-layout:${layout}:1`, context);
    return layout;
  })());
}

async function succeed(builder: Builder, file: string, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await builder.build('-f', file, ...args);
  expect(code, stderr).toBe(0);
  return stderr;
}

/** The flags of a build whose steps run the probe. */
async function probing(builder: Builder): Promise<readonly string[]> {
  return ['--no-cache', '--network', 'host', '--context', `base=oci-layout:${await probeLayout(builder)}:1`];
}

describe('steps get secrets', () => {
  build(
    'from files and variables, where they ask for them, and nobody else sees them',
    ['runc'],
    async (builder) => {
      const file = await builder.dockerfile(
        [
          'FROM base',
          'RUN --mount=type=secret,id=file ["/probe", "file", "/run/secrets/file"]',
          'RUN --mount=type=secret,id=variable,env=TOKEN ["/probe", "variable", "TOKEN"]',
          'RUN --mount=type=secret,id=variable,target=/else/where,mode=0444 ["/probe", "file", "/else/where"]',
          'RUN --mount=type=secret,id=nobody ["/probe", "file", "/run/secrets/nobody"]',
        ].join('\n'),
      );
      const secrets = { file: 'canary-of-a-file-4711', variable: 'canary-of-a-variable' };
      const path = join(builder.stage.folder, 'secret');
      await writeFile(path, secrets.file);
      const dotted = join(builder.stage.folder, 'variable');
      await writeFile(dotted, secrets.variable);
      for (const kind of ['plain', 'rawjson']) {
        const flags = ['--progress', kind, '--trace', ...(await probing(builder)), builder.context];
        const given = ['--secret', `id=file,src=${path}`, '--secret', `id=variable,src=${dotted}`];
        const stderr = await succeed(builder, file, ...given, ...flags);
        const encoded = Object.values(secrets).map((text) =>
          Buffer.from(text).toString('base64').slice(0, 20),
        );
        for (const secret of [...Object.values(secrets), ...encoded]) expect(stderr).not.toContain(secret);
        if (kind === 'rawjson') continue;
        expect(stderr).toContain(told(secrets.file));
        expect(stderr.split(told(secrets.variable))).toHaveLength(3);
        expect(stderr).toContain('no file');
      }
    },
  );

  build('of 500 KiB, and no more; one that is wanted and not given is told of', ['runc'], async (builder) => {
    const flags = [...(await probing(builder)), builder.context];
    const file = await builder.dockerfile(
      'FROM base\nRUN --mount=type=secret,id=big,required=true ["/probe", "file", "/run/secrets/big"]\n',
    );
    const big = randomBytes(500 * 1024);
    const path = join(builder.stage.folder, 'big');
    await writeFile(path, big);
    expect(await succeed(builder, file, '--secret', `id=big,src=${path}`, ...flags)).toContain(told(big));
    await writeFile(path, randomBytes(500 * 1024 + 1));
    const larger = await builder.build('-f', file, '--secret', `id=big,src=${path}`, ...flags);
    expect([larger.code, larger.stderr]).toEqual([2, expect.stringContaining('it has more than 500 KiB')]);
    const missing = await builder.build('-f', file, ...flags);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('secret big: not found; ')]);
  });
});

build('steps talk to agents, each by its id', ['runc', 'ssh-agent'], async (builder) => {
  const { stage } = builder;
  const agents = stage.newFolder('agents');
  await mkdir(agents);
  for (const [name, keys] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    const socket = join(agents, name);
    await stage.start('ssh-agent', ['-D', '-a', socket]).line(/SSH_AUTH_SOCK/);
    for (let at = 0; at < keys; at++) {
      const key = join(agents, `${name}-${at}`);
      await stage.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key);
      await stage.run('env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', key);
    }
  }
  const file = await builder.dockerfile(
    'FROM base\nRUN --mount=type=ssh ["/probe", "agent"]\nRUN --mount=type=ssh,id=two ["/probe", "agent"]\n',
  );
  const ssh = ['--ssh', `default=${join(agents, 'one')}`, '--ssh', `two=${join(agents, 'two')}`];
  const stderr = await succeed(builder, file, ...ssh, ...(await probing(builder)), builder.context);
  expect(stderr.match(/\d keys/g)).toEqual(['1 keys', '2 keys']);
});

build(
  'the engine pulls a private base as whom we are, and nobody hears the password',
  ['docker-registry'],
  async (builder) => {
    const { stage } = builder;
    const { host } = await dockerRegistry(stage, { htpasswd: SOMEONE });
    const auth = Buffer.from('someone:canary-password').toString('base64');
    const settings = join(stage.folder, 'home/.docker');
    await mkdir(settings, { recursive: true });
    await writeFile(join(settings, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
    await stage.stowage('copy', `oci-layout:${await probeLayout(builder)}:1`, `${host}/team/probe:1`);
    const file = await builder.dockerfile(`FROM ${host}/team/probe:1\nCOPY hello /hello\n`);
    const { DOCKER_CONFIG } = builder.docker.env;
    await writeFile(join(DOCKER_CONFIG ?? '', 'config.json'), '{}');
    const refused = await builder.build('-f', file, builder.context);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('401')]);
    await writeFile(
      join(DOCKER_CONFIG ?? '', 'config.json'),
      JSON.stringify({ auths: { [host]: { auth } } }),
    );
    const stderr = await succeed(builder, file, '--trace', builder.context);
    for (const secret of ['canary-password', auth]) expect(stderr).not.toContain(secret);
  },
);
