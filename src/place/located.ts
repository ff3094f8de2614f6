import {
  intercept,
  isList,
  isRegistryError,
  reworded,
  type AnyAnswer,
  type AnyList,
  type Registry,
} from '../registry/index.ts';
import { OWN_REPOSITORY } from './repository-names.ts';

/**
 * A layout or an archive whose failures say which one it is, as all of them have the same repository.
 * @param name what people call it: `oci-layout:images`
 */
export function located(registry: Registry, name: string): Registry {
  return intercept(registry, (operation, next) =>
    isList(operation) ? locatedList(next(operation), name) : locatedAnswer(next(operation), name),
  );
}

async function locatedAnswer(answer: AnyAnswer, name: string): AnyAnswer {
  try {
    return await answer;
  } catch (error) {
    throw failureIn(error, name);
  }
}

async function* locatedList(items: AnyList, name: string): AnyList {
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
  const { message } = error;
  if (message === `repository ${OWN_REPOSITORY} is not known`)
    return reworded(error, `there is no layout in ${name}`);
  return reworded(
    error,
    OWN_NAME.test(message) ? message.replace(OWN_NAME, () => name) : `${name}: ${message}`,
  );
}
