/** What a client for NATS connects over. */
type Kind = 'tcp' | 'websocket';

/**
 * The client over TCP and the one over WebSockets are one library. It keeps the way to connect in one variable for all
 * of its users. Each attempt sets this variable at its beginning, and it is read again for each server that is tried.
 * So the two kinds take turns.
 */
let turn: Kind | undefined;
let connecting = 0;
const waiting: { readonly kind: Kind; readonly enter: () => void }[] = [];

/**
 * Connects when its turn comes, together with others of its kind that came before any of the other kind.
 * @throws the signal's reason, if it was aborted before the turn came
 */
export async function inTurn<T>(kind: Kind, signal: AbortSignal, connect: () => Promise<T>): Promise<T> {
  await new Promise<void>((enter) => {
    waiting.push({ kind, enter });
    letIn();
  });
  try {
    signal.throwIfAborted();
    return await connect();
  } finally {
    connecting -= 1;
    letIn();
  }
}

function letIn(): void {
  for (let next = waiting[0]; next !== undefined && (connecting === 0 || next.kind === turn); next = waiting[0]) {
    waiting.shift();
    turn = next.kind;
    connecting += 1;
    next.enter();
  }
}
