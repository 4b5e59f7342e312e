// p-queue's types name one of the DOM's.
interface AddEventListenerOptions extends EventListenerOptions {
  once?: boolean;
  signal?: AbortSignal;
}
