import { Program } from '../support/program.ts';

/** Runs a program of `children/` to its end. It uses the built package, as any program does. */
export async function runChild(
  name: string,
  ...flags: string[]
): Promise<{ code: number | null; stdout: string[]; stderr: string }> {
  const path = new URL(`children/${name}.ts`, import.meta.url).pathname;
  const program = new Program(process.execPath, [...flags, path], { NODE_OPTIONS: '' });
  const stdout = await program.rest();
  const { code, stderr } = await program.exit;
  return { code, stdout, stderr };
}
