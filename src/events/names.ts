/**
 * The name of the slot that belongs to an event, as a type:
 * `request_product` and `requestProduct` both become `onRequestProduct`.
 */
export type SlotName<Name extends string> = `on${JoinedWords<Name>}`;

type JoinedWords<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Capitalize<Word>}${JoinedWords<Rest>}`
  : Capitalize<Name>;

/**
 * Returns the name of the slot that belongs to an event: `request_product` and `requestProduct` both become
 * `onRequestProduct`. Event names are sent unchanged; this is the only place that maps them.
 *
 * Python: `mreventloop.names.eventToSlotName`, which knows the form with underscores only.
 */
export function eventToSlotName<const Name extends string>(name: Name): SlotName<Name> {
  const words = name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `on${words.join('')}` as SlotName<Name>;
}
