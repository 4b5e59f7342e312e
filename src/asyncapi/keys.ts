/** The keys of names in a document. They have only letters, digits and `.-_`, and each name has a different one. */
export class Keys {
  readonly #keys = new Map<string, string>();
  readonly #used = new Set<string>();

  /** @param part - the part of the named thing that the key is for */
  of(name: string, part = ''): string {
    // No name of a part contains a line break, so names and parts are never confused.
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
