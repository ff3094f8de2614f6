import {
  intercept,
  isRegistryError,
  RegistryError,
  type AnyResult,
  type Registry,
} from '../registry/index.ts';
import { OWN_REPOSITORY } from './named-images.ts';

/**
 * A layout whose failures say which folder it is in, as all of them have the same repository.
 * @param name what people call the folder
 */
export function namedLayout(registry: Registry, name: string): Registry {
  return intercept(registry, (operation, next): AnyResult => {
    const given: AnyResult = next(operation);
    if (!(given instanceof Promise)) return named<never>(given as AsyncIterable<never>, name);
    return (given as Promise<never>).catch((error: unknown) => {
      throw failureIn(error, name);
    });
  });
}

async function* named<T>(items: AsyncIterable<T>, name: string): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw failureIn(error, name);
  }
}

/** Where the message has the name of the repository, its own name. */
const OWN_NAME = new RegExp(`(?<=\\b(?:in|of) )${OWN_REPOSITORY}\\b`);

/** An error of the registry of a layout or an archive, as one that says where it is. Others stay as they are. */
export function failureIn(error: unknown, name: string): unknown {
  if (!isRegistryError(error)) return error;
  const { code, message, status, repository, reference, detail } = error;
  const said =
    code === 'NAME_UNKNOWN' && repository === OWN_REPOSITORY
      ? `there is no layout in ${name}`
      : OWN_NAME.test(message)
        ? message.replace(OWN_NAME, () => name)
        : `${name}: ${message}`;
  return new RegistryError(code, said, {
    ...(status !== undefined && { status }),
    ...(repository !== undefined && { repository }),
    ...(reference !== undefined && { reference }),
    detail,
    cause: error,
  });
}
