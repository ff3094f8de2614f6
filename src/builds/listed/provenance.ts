import {
  type Ordered,
  createDocumentReader,
  type DocumentReader,
  type OrderedObject,
} from '../../json/index.ts';
import { algorithmOf, encodedOf, type Digest } from '../../oci/index.ts';
import { archTagsOf, tagsOf, type ListedBuild } from './listed-build.ts';

/** A run of a workflow at GitHub, without its secrets. */
export interface WorkflowRun {
  readonly event: string;
  /** Where GitHub is: `https://github.com`, unless it is somebody's own. */
  readonly server: string;
  /** The URL of the repository. */
  readonly repository: string;
  /** The branch. */
  readonly ref: string;
  readonly commit: string;
  readonly workflow: {
    /** Repository, file and branch. */
    readonly reference: string;
    readonly path: string;
    readonly commit: string;
  };
  readonly id: string;
  readonly attempt: string;
  /** What whoever started it asked for. */
  readonly inputs: Ordered;
  readonly repositoryId: Ordered;
  readonly ownerId: Ordered;
}

/**
 * Reads GitHub's own account of a run, its `github` context. It holds secrets, so no value of it gets into an error.
 * @throws {Invalid} subject `context`, with a pointer, also for a run that was not started by `workflow_dispatch`.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#github-context
 */
export function readWorkflowRun(github: Ordered): WorkflowRun {
  const at = createDocumentReader(github, 'context');
  if (at.text('event_name') !== 'workflow_dispatch')
    throw at.wrong('only what was started by workflow_dispatch has a provenance', 'event_name');
  return {
    event: at.text('event_name'),
    server: at.text('server_url'),
    repository: `${at.text('server_url')}/${at.text('repository')}`,
    ref: at.text('ref'),
    commit: at.text('sha'),
    workflow: {
      reference: at.text('workflow_ref'),
      path: workflowPath(at),
      commit: at.text('workflow_sha'),
    },
    id: at.text('run_id'),
    attempt: at.text('run_attempt'),
    inputs: at.find('event', 'inputs') ?? null,
    repositoryId: at.find('repository_id') ?? null,
    ownerId: at.find('repository_owner_id') ?? null,
  };
}

/** Where the machine of a run stands, by its `runner` context. @throws {Invalid} subject `context`, with a pointer. */
export function readRunnerEnvironment(runner: Ordered): string {
  return createDocumentReader(runner, 'context').text('environment');
}

/** How a build was made. */
export interface BuildRun {
  readonly run: WorkflowRun;
  /** Where the machine stands: `github-hosted`. */
  readonly environment: string;
  /** What was built. */
  readonly digest: Digest;
}

/**
 * The statement of how an image was made, for one that a workflow at GitHub built.
 * @throws {Invalid} subject `builds`, with a pointer.
 * @see https://slsa.dev/spec/v1.0/provenance
 * @see https://github.com/actions/buildtypes/tree/main/workflow/v1
 */
export function provenanceOf(build: ListedBuild, { run, environment, digest }: BuildRun): OrderedObject {
  return object({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjectsOf(build, digest),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: object({
      buildDefinition: object({
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: object({
          workflow: object({
            ref: run.ref,
            repository: run.repository,
            path: run.workflow.path,
            digest: object({ gitCommit: run.workflow.commit }),
          }),
          inputs: run.inputs,
        }),
        internalParameters: object({
          github: object({
            event_name: run.event,
            repository_id: run.repositoryId,
            repository_owner_id: run.ownerId,
            runner_environment: environment,
          }),
        }),
        resolvedDependencies: [
          object({ uri: `git+${run.repository}@${run.ref}`, digest: object({ gitCommit: run.commit }) }),
        ],
      }),
      runDetails: object({
        builder: object({ id: `${run.server}/${run.workflow.reference}` }),
        metadata: object({
          invocationId: `${run.repository}/actions/runs/${run.id}/attempts/${run.attempt}`,
        }),
      }),
    }),
  });
}

/**
 * The image, by each name that it has, as package URLs.
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/docker-definition.md
 */
function subjectsOf(build: ListedBuild, digest: Digest): readonly Ordered[] {
  const { at, arch } = build;
  const platform = encodeURIComponent(at.text('source', 'arches', arch, 'platformString'));
  return [...tagsOf(build), ...archTagsOf(build), at.text('build', 'img')].map((name) =>
    object({
      name: `pkg:docker/${name}?platform=${platform}`,
      digest: object({ [algorithmOf(digest)]: encodedOf(digest) }),
    }),
  );
}

/** The file of the workflow, without the repository and the branch that stand around it. */
function workflowPath(at: DocumentReader): string {
  const reference = at.text('workflow_ref');
  const before = `${at.text('repository')}/`;
  const behind = `@${at.text('ref')}`;
  const start = reference.startsWith(before) ? before.length : 0;
  const path = reference.endsWith(behind) ? reference.slice(start, -behind.length) : reference.slice(start);
  if (path.includes('@')) throw at.wrong('it is not the path of a workflow at `ref`', 'workflow_ref');
  return path;
}

function object(members: Readonly<Record<string, Ordered>>): OrderedObject {
  return new Map(Object.entries(members));
}
