import type { PlaceEvent } from '../../place/index.ts';
import {
  beyondPlan,
  createTally,
  entriesOf,
  formatCounts,
  formatNumber,
  formatRequests,
  plannedRequests,
  planOf,
  sumOf,
  type Plan,
  type RequestCounts,
  type RequestLabel,
} from '../../plan/index.ts';
import { requestKind, type RequestKind } from '../../protocol/index.ts';

/** The requests that a command has made, as events tell of them, to be held against its plan. */
export interface RequestsMade {
  add(event: PlaceEvent): void;
  /** By what they are for, without those that repeat others. */
  readonly requests: RequestCounts;
  /** What is to be said of them beside a plan, in lines. */
  beside(plan: Plan): readonly string[];
}

/** What only goes on with an upload that broke off: what was planned, in other words. */
const RECOVERY: ReadonlySet<RequestLabel> = new Set(['GET upload', 'DELETE upload', 'HEAD blob']);
/** What is sent again, in another form or later, when it is refused: a mount, a manifest whose children are missing. */
const REPEATED: ReadonlySet<RequestLabel> = new Set(['POST upload', 'PUT manifest', 'GET token']);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Begins at nothing. */
export function countMade(): RequestsMade {
  const tally = createTally();
  /** Answers that led elsewhere, by what was asked. */
  const led = createTally();
  const [tokens, asked] = [new Set<string>(), new Set<string>()];
  let [elsewhere, resumed] = [0, 0];

  const countRequest = ({
    method,
    url,
    kind,
    status = 0,
  }: Extract<PlaceEvent, { type: 'request' }>): void => {
    // Where layers are kept: no limit of the registry's counts there.
    if (kind === 'other') {
      elsewhere++;
      return;
    }
    const label = labelOf(method, kind);
    if (status === 401 && kind !== 'token') {
      // Whatever was asked, all that was learnt is how the registry lets people in.
      tally.count('GET ping');
      const { origin } = new URL(url);
      if (asked.has(origin)) tally.repeat('GET ping');
      asked.add(origin);
      return;
    }
    tally.count(label);
    if (REDIRECTS.has(status)) led.count(label);
    if (REPEATED.has(label) && status >= 400 && status < 500 && status !== 429) tally.repeat(label);
  };

  const requests = (): RequestCounts => withoutRedirects(tally.made, led.made, elsewhere);

  return {
    add(event) {
      switch (event.type) {
        case 'request':
          countRequest(event);
          break;
        case 'retry':
          tally.repeat(labelAt(event.method, event.url));
          break;
        // The rest of what broke off is asked for by a request of its own.
        case 'resume':
          tally.repeat(labelAt('GET', event.url));
          break;
        case 'upload-resume':
          resumed++;
          break;
        case 'mirror': {
          const label = READS[event.operation];
          if (event.passedOn && label !== undefined) tally.repeat(label);
          break;
        }
        case 'token': {
          // One that has run out is got again.
          const token = JSON.stringify([event.realm, event.scope]);
          if (event.source === 'server' && tokens.has(token)) tally.repeat('GET token');
          tokens.add(token);
          break;
        }
        default:
      }
    },
    get requests() {
      return requests();
    },
    beside(plan) {
      const all = requests();
      const recovering = entriesOf(beyondPlan(all, plan)).filter(
        ([label]) => RECOVERY.has(label) || (resumed > 0 && label.endsWith(' upload')),
      );
      const made = planOf({
        ...all,
        ...Object.fromEntries(recovering.map(([label, more]) => [label, (all[label] ?? 0) - more])),
      }).requests;
      const again = sumOf(tally.repeated) + sumOf(Object.fromEntries(recovering));
      const over = beyondPlan(made, plan);
      return [
        [
          `planned ${formatRequests(plannedRequests(plan))}, made ${formatNumber(sumOf(made))}`,
          ...(sumOf(made) > 0 ? [` (${formatCounts(made)})`] : []),
          ...(again > 0 ? [`, and ${formatNumber(again)} again`] : []),
          ...(elsewhere > 0 ? [`, and ${formatNumber(elsewhere)} to where these led`] : []),
        ].join(''),
        ...(sumOf(over) > 0 ? [`more than was planned: ${formatCounts(over)}`] : []),
      ];
    },
  };
}

/** What a mirror that has no answer is asked for, and another after it. */
const READS: Readonly<Partial<Record<string, RequestLabel>>> = {
  getBlob: 'GET blob',
  resolveBlob: 'HEAD blob',
  getManifest: 'GET manifest',
  resolveManifest: 'HEAD manifest',
  tags: 'GET tags',
  referrers: 'GET referrers',
};

/** A redirect from one registry to another makes one request look like two. */
function withoutRedirects(made: RequestCounts, led: RequestCounts, elsewhere: number): RequestCounts {
  let looks = Math.max(0, sumOf(led) - elsewhere);
  return Object.fromEntries(
    entriesOf(made).map(([label, requests]) => {
      const less = Math.min(looks, led[label] ?? 0);
      looks -= less;
      return [label, requests - less];
    }),
  );
}

/** Tokens are got by GET or by POST, as their server would have it, which nobody can know before. */
function labelOf(method: string, kind: RequestKind): RequestLabel {
  return kind === 'token' ? 'GET token' : `${method} ${kind}`;
}

function labelAt(method: string, url: string): RequestLabel {
  return labelOf(method, requestKind(new URL(url).pathname));
}
