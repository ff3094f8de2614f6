import { isAbsolute } from 'node:path';
import { printable } from '../oci/index.ts';
import {
  intercept,
  isList,
  isRegistryError,
  reworded,
  type AnyAnswer,
  type AnyList,
  type Registry,
  type RegistryError,
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
  return isRegistryError(error) ? reworded(error, messageIn(error, name)) : error;
}

function messageIn({ message, repository = OWN_REPOSITORY }: RegistryError, name: string): string {
  if (message === `repository ${OWN_REPOSITORY} is not known`) return `there is no layout in ${name}`;
  if (OWN_NAME.test(message)) return message.replace(OWN_NAME, () => name);
  // The names of an archive are those of its file, by its whole path.
  const inFile = ` in ${printable(repository, 260)}`;
  return isAbsolute(repository) && message.includes(inFile)
    ? message.replace(inFile, () => ` in ${name}`)
    : `${name}: ${message}`;
}
