export interface ImportTask {
  readonly kind: 'import';
  readonly specifier: string;
}

/** Milliseconds until a module and all that it needs are loaded, in a process that has just begun. */
export async function measureImport({ specifier }: ImportTask): Promise<number> {
  const begin = performance.now();
  await import(specifier);
  return performance.now() - begin;
}
