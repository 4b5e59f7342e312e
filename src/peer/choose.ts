/**
 * Chooses which of several peers to ask. Without a key, they take turns. With a key, it is the same peer as long as
 * that is there, and when a peer goes, only its keys move (rendezvous hashing).
 * @param turn - how many were asked before
 */
export function chooseServer(servers: readonly string[], turn: number, key: string | undefined): string {
  if (key === undefined) return servers.toSorted()[turn % servers.length] as string;
  let best = '';
  let highest = -1;
  for (const server of servers) {
    const weight = hash(`${key} ${server}`);
    if (weight > highest || (weight === highest && server > best)) {
      best = server;
      highest = weight;
    }
  }
  return best;
}

/** FNV-1a, with a last step that spreads differences at the end of the text over all bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
