import { expect, test } from 'vitest';
import { createPlanReport, type PlanReport } from '../../src/cli/report/plan-report.ts';
import type { PlaceEvent } from '../../src/place/index.ts';
import { planOf } from '../../src/plan/index.ts';
import { requestKind } from '../../src/protocol/index.ts';
import { watched } from './terminal.ts';

const HUB = 'https://registry-1.docker.io';
const TOKENS = 'https://auth.docker.io/token';
const manifest = `${HUB}/v2/library/alpine/manifests/3`;
const uploads = `${HUB}/v2/library/alpine/blobs/uploads/`;

const request = (method: string, url: string, status: number | undefined = 200): PlaceEvent => ({
  type: 'request',
  method,
  url,
  kind: requestKind(new URL(url).pathname),
  status,
  duration: 1,
});
const retry = (method: string, url: string): PlaceEvent => ({
  type: 'retry',
  method,
  url,
  reason: '503',
  attempt: 2,
  delay: 1,
});

/** What is said in the end of events beside a plan. */
function told(requests: Parameters<typeof planOf>[0], ...events: readonly PlaceEvent[]): readonly string[] {
  const terminal = watched();
  const report = createPlanReport(terminal.context, { wanted: true });
  report.revise(planOf(requests), 'for this test');
  for (const event of events) report.onEvent(event);
  report.end();
  return terminal.written.trimEnd().split('\n').slice(1);
}

test('the plan, again when more is known, and what was made', () => {
  const terminal = watched();
  const rate = { requests: 6000, seconds: 60, burst: 300 };
  const report = createPlanReport(terminal.context, { wanted: true, rate });
  report.revise(planOf({ 'GET manifest': 1500, 'GET tags': 15 }), 'from the files alone');
  report.onEvent(request('GET', `${HUB}/v2/library/alpine/tags/list`));
  report.revise(planOf({ 'GET manifest': 3, 'GET tags': 1 }), 'after the tag lists');
  report.onEvent(request('GET', manifest));
  report.end();
  expect(terminal.written).toBe(
    'plan, from the files alone: at most 1,515 requests (GET manifest 1,500, GET tags 15), 1,500 count as pulls, 12.2 s at 6,000 a minute\n' +
      'plan, after the tag lists: at most 4 requests (GET manifest 3, GET tags 1), 3 count as pulls, 0.0 s at 6,000 a minute\n' +
      'planned 4 requests, made 2 (GET manifest 1, GET tags 1)\n',
  );
});

test('nothing is said to who does not want it, nor where there was no plan', () => {
  const terminal = watched();
  const silent = createPlanReport(terminal.context, { wanted: false });
  silent.revise(planOf({ 'GET tags': 1 }), 'from the files alone');
  const ends: readonly PlanReport[] = [silent, createPlanReport(terminal.context, { wanted: true })];
  for (const report of ends) {
    report.onEvent(request('GET', manifest));
    report.end();
  }
  expect(terminal.written).toBe('');
});

test('repetitions are told apart: after faults, of what broke off, of tokens that ran out', () => {
  const token: PlaceEvent = { type: 'token', realm: TOKENS, scope: 'repository:a:pull', source: 'server' };
  expect(
    told(
      { 'GET manifest': 2, 'GET token': 1 },
      request('GET', TOKENS),
      token,
      request('GET', manifest, 503),
      retry('GET', manifest),
      request('GET', manifest),
      request('GET', manifest),
      { type: 'resume', url: manifest, offset: 0, reason: 'closed' },
      request('GET', manifest),
      request('GET', TOKENS),
      token,
    ),
  ).toEqual(['planned 3 requests, made 3 (GET manifest 2, GET token 1), and 3 again']);
});

test('a 401 asks how the registry lets people in, whatever it was sent for', () => {
  expect(
    told(
      { 'GET ping': 1, 'GET token': 1, 'GET manifest': 1 },
      request('GET', manifest, 401),
      request('POST', TOKENS),
      request('GET', manifest),
    ),
  ).toEqual(['planned 3 requests, made 3 (GET manifest 1, GET ping 1, GET token 1)']);
  // A second one is about a token that was not good any more.
  expect(
    told({ 'GET ping': 1, 'GET manifest': 1 }, request('GET', manifest, 401), request('GET', manifest, 401)),
  ).toEqual(['planned 2 requests, made 1 (GET ping 1), and 1 again']);
});

test('redirects: to where layers are kept, and from one registry to another', () => {
  const blob = `${HUB}/v2/library/alpine/blobs/sha256:00`;
  const store =
    'https://production.cloudfront.docker.com/registry-v2/docker/registry/v2/blobs/sha256/00/data';
  expect(told({ 'GET blob': 1 }, request('GET', blob, 307), request('GET', store))).toEqual([
    'planned 1 request, made 1 (GET blob 1), and 1 to where these led',
  ]);
  const there = 'https://europe-docker.pkg.dev/v2/k8s/images/pause/manifests/3.9';
  const here = 'https://registry.k8s.io/v2/pause/manifests/3.9';
  expect(told({ 'GET manifest': 1 }, request('GET', here, 307), request('GET', there))).toEqual([
    'planned 1 request, made 1 (GET manifest 1)',
  ]);
});

test('what is refused and sent in another form, and what mirrors do not have, is asked for again', () => {
  expect(
    told(
      { 'POST upload': 1, 'PUT manifest': 1 },
      request('POST', uploads, 403),
      request('POST', uploads, 202),
      request('PUT', manifest, 404),
      request('PUT', manifest, 201),
    ),
  ).toEqual(['planned 2 requests, made 2 (POST upload 1, PUT manifest 1), and 2 again']);
  expect(
    told(
      { 'GET manifest': 1 },
      request('GET', 'https://mirror.example/v2/library/alpine/manifests/3', 404),
      {
        type: 'mirror',
        mirror: 'mirror.example',
        operation: 'getManifest',
        outcome: 'missing',
        passedOn: true,
      },
      request('GET', manifest),
    ),
  ).toEqual(['planned 1 request, made 1 (GET manifest 1), and 1 again']);
});

test('an upload that goes on where it broke off repeats what was planned', () => {
  const events = [
    request('POST', uploads, 202),
    request('PUT', `${uploads}1`, undefined),
    request('GET', `${uploads}1`, 204),
    {
      type: 'upload-resume',
      host: 'docker.io',
      repository: 'library/alpine',
      digest: 'sha256:00',
      offset: 5,
    } as const,
    request('PUT', `${uploads}1`, 201),
  ];
  expect(told({ 'POST upload': 1, 'PUT upload': 1 }, ...events)).toEqual([
    'planned 2 requests, made 2 (POST upload 1, PUT upload 1), and 2 again',
  ]);
});

test('what was not planned is told, by kind', () => {
  expect(told({ 'GET manifest': 1 }, request('GET', manifest), request('GET', manifest))).toEqual([
    'planned 1 request, made 2 (GET manifest 2)',
    'more than was planned: GET manifest 1',
  ]);
  expect(told({ 'GET manifest': 1 })).toEqual(['planned 1 request, made 0']);
});

test('a plan that is made late allows what was made before', () => {
  const terminal = watched();
  const report = createPlanReport(terminal.context, { wanted: true });
  report.onEvent(request('GET', manifest));
  report.revise(planOf({ 'GET tags': 1 }), 'after the tag lists');
  expect(terminal.written).toBe(
    'plan, after the tag lists: at most 2 requests (GET manifest 1, GET tags 1), 1 counts as a pull\n',
  );
});
