import type { SchemaIssue, StandardSchema } from './standard-schema.ts';

/** One thing that a schema found wrong. */
export interface ValidationIssue {
  /** As the schema's library puts it, cut at 200 characters. Some libraries quote the value. */
  readonly message: string;
  /** Where in the argument. */
  readonly path: readonly PropertyKey[];
}

/** How arguments break a contract: there are too many or too few, or one does not fit its schema or its codec. */
export type Violation =
  | {
      readonly reason: 'arity';
      /** How many arguments the contract has. */
      readonly expected: number;
      /** How many there were. */
      readonly given: number;
    }
  | {
      readonly reason: 'schema';
      /** The first one that does not fit, counted from 1. */
      readonly argument: number;
      /** What is wrong with it: the first ten things. */
      readonly issues: readonly ValidationIssue[];
    }
  | {
      readonly reason: 'codec';
      /** The first one that the contract's codec cannot make anything of, counted from 1. */
      readonly argument: number;
    };

/** What the schemas made of the arguments, or why they did not. */
export type Parsed = readonly unknown[] | Violation;

/** Checks the arguments of one event. The answer is a promise only if a schema gave one. */
export type Parse = (args: readonly unknown[]) => Parsed | Promise<Parsed>;

type Standard = StandardSchema['~standard'];
type Result = ReturnType<Standard['validate']>;
type Fitting = Extract<Awaited<Result>, { readonly value: unknown }>;

/** How much to keep: what comes from outside may be wrong in a million places. */
const MOST_ISSUES = 10;
const MOST_CHARACTERS = 200;
/** A schema that says neither what it makes of a value nor what is wrong accepts nothing. */
const NO_RESULT: readonly ValidationIssue[] = [{ message: 'the schema gave no usable result', path: [] }];
/** How the arguments of an event are checked: one after the other, up to the first that is wrong. Never throws. */
export function parserFor(schemas: readonly StandardSchema[]): Parse {
  // Some libraries make this object anew each time it is read.
  const standards = schemas.map((schema) => schema['~standard']);
  return (args) => {
    if (args.length > standards.length) return { reason: 'arity', expected: standards.length, given: args.length };
    return parseFrom(standards, args, []);
  };
}

/** Whether arguments were found wrong. */
export function isViolation(parsed: Parsed): parsed is Violation {
  return !Array.isArray(parsed);
}

/** Goes on behind the values that there are. */
function parseFrom(
  standards: readonly Standard[],
  args: readonly unknown[],
  values: unknown[],
): Parsed | Promise<Parsed> {
  for (let i = values.length; i < standards.length; i += 1) {
    // An argument that is missing is undefined, which a schema may accept.
    const result = validate(standards[i] as Standard, args[i]);
    if (isLater(result)) return parseLater(standards, args, values, result);
    const issues = issuesOf(result);
    if (issues !== undefined) return violation(standards, args, i, issues);
    values.push((result as Fitting).value);
  }
  return values;
}

async function parseLater(
  standards: readonly Standard[],
  args: readonly unknown[],
  values: unknown[],
  pending: PromiseLike<Awaited<Result>>,
): Promise<Parsed> {
  let result: Awaited<Result>;
  try {
    result = await pending;
  } catch (error) {
    result = failed(error);
  }
  const issues = issuesOf(result);
  if (issues !== undefined) return violation(standards, args, values.length, issues);
  values.push((result as Fitting).value);
  return parseFrom(standards, args, values);
}

/** Whether a result has to be waited for: not only promises of this realm have. */
function isLater(result: Result | null | undefined): result is Promise<Awaited<Result>> {
  return typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

/** What is wrong; undefined where it is known that nothing is. */
function issuesOf(result: Awaited<Result> | null | undefined): readonly SchemaIssue[] | undefined {
  // Some write null for none.
  const issues = result?.issues ?? undefined;
  if (issues !== undefined) return issues;
  return typeof result === 'object' && result !== null && 'value' in result ? undefined : NO_RESULT;
}

function validate(standard: Standard, value: unknown): Result {
  try {
    return standard.validate(value);
  } catch (error) {
    return failed(error);
  }
}

/** A schema that throws accepts nothing. What the error says is left out: it may quote the value. */
function failed(error: unknown): Awaited<Result> {
  return { issues: [{ message: `the schema threw ${error instanceof Error ? error.name : typeof error}` }] };
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

/** What is wrong, as far as it can be read: schemas are written by others, too. */
function reports(issues: readonly SchemaIssue[]): readonly ValidationIssue[] {
  try {
    return first(issues, MOST_ISSUES).map(report);
  } catch {
    return NO_RESULT;
  }
}

/** Libraries have lists of their own kinds, whose methods make others of that kind: nothing is done with them. */
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
