import type { SchemaIssue, StandardSchema } from './standard-schema.ts';

/** One thing that a schema found wrong. */
export interface ValidationIssue {
  /** The message of the schema's library, cut at 200 characters. Some libraries quote the value. */
  readonly message: string;
  /** The place in the argument. */
  readonly path: readonly PropertyKey[];
}

/** How arguments break a contract: there are too many or too few, or one does not fit its schema or its codec. */
export type Violation =
  | {
      readonly reason: 'arity';
      /** The number of arguments in the contract. */
      readonly expected: number;
      /** The number of arguments that were given. */
      readonly given: number;
    }
  | {
      readonly reason: 'schema';
      /** The first argument that does not fit, counted from 1. */
      readonly argument: number;
      /** What is wrong with it: the first ten things. */
      readonly issues: readonly ValidationIssue[];
    }
  | {
      readonly reason: 'codec';
      /** The first argument that the contract's codec cannot decode, counted from 1. */
      readonly argument: number;
    };

/** What the schemas made of the arguments, or how the arguments break the contract. */
export type Parsed = readonly unknown[] | Violation;

/** Checks the arguments of one event. The result is a promise only if a schema returned one. */
export type Parse = (args: readonly unknown[]) => Parsed | Promise<Parsed>;

type Standard = StandardSchema['~standard'];
type Result = ReturnType<Standard['validate']>;

/** How much to keep of the issues: input from outside may be wrong in a million places. */
const MOST_ISSUES = 10;
const MOST_CHARACTERS = 200;
/** The issue when a schema returns neither a value nor what is wrong. Such a schema accepts nothing. */
const NO_RESULT: readonly ValidationIssue[] = [{ message: 'the schema gave no usable result', path: [] }];
/** Makes a parser that checks an event's arguments in order, up to the first wrong one. The parser never throws. */
export function parserFor(schemas: readonly StandardSchema[]): Parse {
  // Some libraries make this object anew each time the property is read.
  const standards = schemas.map((schema) => schema['~standard']);
  return (args) => {
    if (args.length > standards.length) return { reason: 'arity', expected: standards.length, given: args.length };
    return parseFrom(standards, args, []);
  };
}

/** Whether the arguments break the contract. */
export function isViolation(parsed: Parsed): parsed is Violation {
  return !Array.isArray(parsed);
}

/** Continues after the arguments that have been parsed into `values`. */
function parseFrom(
  standards: readonly Standard[],
  args: readonly unknown[],
  values: unknown[],
): Parsed | Promise<Parsed> {
  for (let i = values.length; i < standards.length; i += 1) {
    let issues: readonly SchemaIssue[] | undefined;
    try {
      // A missing argument is undefined, which a schema may accept.
      const result = (standards[i] as Standard).validate(args[i]);
      if (isLater(result)) return parseLater(standards, args, values, result);
      issues = take(result, values);
    } catch (error) {
      issues = failed(error);
    }
    if (issues !== undefined) return violation(standards, args, i, issues);
  }
  return values;
}

async function parseLater(
  standards: readonly Standard[],
  args: readonly unknown[],
  values: unknown[],
  pending: PromiseLike<Awaited<Result>>,
): Promise<Parsed> {
  const position = values.length;
  let issues: readonly SchemaIssue[] | undefined;
  try {
    issues = take(await pending, values);
  } catch (error) {
    issues = failed(error);
  }
  if (issues !== undefined) return violation(standards, args, position, issues);
  return parseFrom(standards, args, values);
}

/** Whether a result has to be awaited. Not only the promises of this realm have to be. */
function isLater(result: Result | null | undefined): result is Promise<Awaited<Result>> {
  return typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

/** Adds the value of a result. Returns what is wrong instead, unless it is known that nothing is. */
function take(result: Awaited<Result> | null | undefined, values: unknown[]): readonly SchemaIssue[] | undefined {
  // Some schemas return null for no issues.
  const issues = result?.issues ?? undefined;
  if (issues !== undefined) return issues;
  if (typeof result !== 'object' || result === null || !('value' in result)) return NO_RESULT;
  values.push(result.value);
  return undefined;
}

/** What is wrong if a schema threw: it accepts nothing. The error's message is left out: it may quote the value. */
function failed(error: unknown): readonly SchemaIssue[] {
  return [{ message: `the schema threw ${error instanceof Error ? error.name : typeof error}` }];
}

function violation(
  standards: readonly Standard[],
  args: readonly unknown[],
  position: number,
  issues: readonly SchemaIssue[],
): Violation {
  if (position >= args.length) return { reason: 'arity', expected: standards.length, given: args.length };
  return { reason: 'schema', argument: position + 1, issues: reports(issues) };
}

/** Returns what is wrong, as far as it can be read: anybody may have written the schema. */
function reports(issues: readonly SchemaIssue[]): readonly ValidationIssue[] {
  try {
    return first(issues, MOST_ISSUES).map(report);
  } catch {
    return NO_RESULT;
  }
}

/** Copies by index: the lists of some libraries are of their own class, and their methods return that class again. */
function first<T>(list: readonly T[], count: number): T[] {
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[i] as T);
}

function report({ message, path = [] }: SchemaIssue): ValidationIssue {
  return { message: message.slice(0, MOST_CHARACTERS), path: Array.from(path, readKey) };
}

function readKey(segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'string' ? key.slice(0, MOST_CHARACTERS) : key;
}
