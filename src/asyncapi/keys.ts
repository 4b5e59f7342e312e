/** Keys in a document for names: of letters, digits and `.-_` only, and a different one for each. */
export class Keys {
  readonly #keys = new Map<string, string>();
  readonly #used = new Set<string>();

  /** @param part - what is meant of what has the name */
  of(name: string, part = ''): string {
    // No name of a part has this in it, so names and parts are never confused.
    const whole = `${part}\n${name}`;
    let key = this.#keys.get(whole);
    if (key === undefined) {
      key = this.#free(`${name.replace(/[^\w.-]/g, '_')}${part === '' ? '' : `.${part}`}`);
      this.#keys.set(whole, key);
    }
    return key;
  }

  #free(wanted: string): string {
    let key = wanted;
    for (let count = 2; this.#used.has(key); count += 1) key = `${wanted}_${count}`;
    this.#used.add(key);
    return key;
  }
}
