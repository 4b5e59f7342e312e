const UTF8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text from its bytes in UTF-8; undefined where they are none. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether bytes are a text in UTF-8. Runtimes that have Node's modules see that in a tenth of the time. */
export const isUtf8: (bytes: Uint8Array) => boolean = /* @__PURE__ */ findIsUtf8();

function findIsUtf8(): (bytes: Uint8Array) => boolean {
  const runtime = (globalThis as { process?: { getBuiltinModule?: NodeJS.Process['getBuiltinModule'] } }).process;
  return runtime?.getBuiltinModule?.('node:buffer')?.isUtf8 ?? ((bytes) => decodeUtf8(bytes) !== undefined);
}
