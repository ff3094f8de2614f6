import { text_en, type ApplicationText } from '@stricli/core';

/** What the parser of the command line says: its own words, with our name before them, as before all other errors. */
export const parserText: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: (facts) => named(text_en.noCommandRegisteredForInput(facts)),
  exceptionWhileParsingArguments: (error, color) =>
    named(text_en.exceptionWhileParsingArguments(error, color)),
  exceptionWhileLoadingCommandFunction: (error, color) =>
    named(text_en.exceptionWhileLoadingCommandFunction(error, color)),
  exceptionWhileLoadingCommandContext: (error, color) =>
    named(text_en.exceptionWhileLoadingCommandContext(error, color)),
  exceptionWhileRunningCommand: (error, color) => named(text_en.exceptionWhileRunningCommand(error, color)),
  commandErrorResult: (error, color) => named(text_en.commandErrorResult(error, color)),
};

function named(message: string): string {
  return `stowage: ${message}`;
}
