import { expect, it, test } from 'vitest';
import { provenanceOf, readRunnerEnvironment, readWorkflowRun } from '../../src/builds/index.ts';
import { formatJson, parseOrdered } from '../../src/json/index.ts';
import { listedBuild, plain, sha } from './listed.ts';

const github = {
  token: 'ghs_secret',
  event_name: 'workflow_dispatch',
  event: { inputs: { b: 1, a: '2' } },
  ref: 'refs/heads/main',
  repository: 'example/meta',
  repository_id: '12',
  repository_owner_id: '34',
  run_attempt: '2',
  run_id: '99',
  server_url: 'https://github.com',
  sha: 'cafe',
  workflow_ref: 'example/meta/.github/workflows/build.yml@refs/heads/main',
  workflow_sha: 'f00d',
};
const run = (more: object = {}): ReturnType<typeof readWorkflowRun> =>
  readWorkflowRun(parseOrdered(JSON.stringify({ ...github, ...more })));

test('the statement of how a build was made', async () => {
  const build = await listedBuild({ id: 'one', tags: ['example:1'], archTags: ['amd64/example:1'] });
  const statement = provenanceOf(build, { run: run(), environment: 'github-hosted', digest: sha('image') });
  const digest = { sha256: sha('image').slice('sha256:'.length) };
  expect(plain(statement)).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'pkg:docker/example:1?platform=linux%2Famd64', digest },
      { name: 'pkg:docker/amd64/example:1?platform=linux%2Famd64', digest },
      { name: 'pkg:docker/staging/amd64:one?platform=linux%2Famd64', digest },
    ],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: {
            ref: 'refs/heads/main',
            repository: 'https://github.com/example/meta',
            path: '.github/workflows/build.yml',
            digest: { gitCommit: 'f00d' },
          },
          inputs: { b: 1, a: '2' },
        },
        internalParameters: {
          github: {
            event_name: 'workflow_dispatch',
            repository_id: '12',
            repository_owner_id: '34',
            runner_environment: 'github-hosted',
          },
        },
        resolvedDependencies: [
          { uri: 'git+https://github.com/example/meta@refs/heads/main', digest: { gitCommit: 'cafe' } },
        ],
      },
      runDetails: {
        builder: { id: 'https://github.com/example/meta/.github/workflows/build.yml@refs/heads/main' },
        metadata: { invocationId: 'https://github.com/example/meta/actions/runs/99/attempts/2' },
      },
    },
  });
  const text = formatJson(statement, { compact: true });
  expect(text).toContain('"inputs":{"b":1,"a":"2"}');
  expect(text).not.toContain('ghs_secret');
});

it.each([
  [
    'another event',
    { event_name: 'ghs_secret' },
    '/event_name: only what was started by workflow_dispatch has a provenance',
  ],
  ['no commit', { sha: null }, '/sha: want a text'],
  [
    'a workflow elsewhere',
    { workflow_ref: 'ghs_secret@refs/heads/other' },
    '/workflow_ref: it is not the path of a workflow at `ref`',
  ],
])('refuses %s, without a word of what is there', (_, more, message) => {
  expect(() => run(more)).toThrow(message);
  expect(() => run(more)).not.toThrow('ghs_secret');
});

test('a machine says where it stands', () => {
  expect(readRunnerEnvironment(parseOrdered('{"environment":"self-hosted"}'))).toBe('self-hosted');
  expect(() => readRunnerEnvironment(parseOrdered('{}'))).toThrow('/environment: want a text');
});
