export {
  Broker,
  type BrokerCounters,
  type BrokerDoors,
  type BrokerStatus,
  type UplinkOptions,
} from './broker/broker.ts';
export type { Bus, BusListener, Endpoints, Note, Refusal, Store, Token, Topic, UplinkStatus } from './bus/bus.ts';
export type { BusAt, BusCapabilities, Can, PortCapabilities } from './bus/capabilities.ts';
export type { NodeWorker, Port, WebPort } from './bus/port/port-line.ts';
export type { Grant, JoinRequest, UpgradeServer, WebSocketDoorOptions } from './bus/websocket/websocket-options.ts';

export { extendedValues } from './codec/extended-values.ts';

export type { Codec } from './contract/codec.ts';
export {
  type Contract,
  contract,
  type ContractEntry,
  type ContractOptions,
  type EventNameIn,
  type PublishedArgs,
  type ReceivedArgs,
  type RequestNameIn,
} from './contract/contract.ts';
export type { ContractDifference } from './contract/fingerprint.ts';
export { request, type RequestEntry, requestStream } from './contract/request.ts';
export type { InputOf, OutputOf, StandardSchema } from './contract/standard-schema.ts';
export type { ValidationIssue, Violation } from './contract/validate.ts';

export {
  AddressError,
  AddressInUseError,
  ConnectError,
  type ErrorCode,
  MissingLibraryError,
  MrEventLoopError,
  NoBrokerError,
  NoHandlerError,
  OverflowError,
  PayloadError,
  PeerGoneError,
  RefusedError,
  RemoteError,
  SelfAwaitError,
  SlotError,
  StateError,
  TimeoutError,
  ValidationError,
} from './errors.ts';

export { connect, type ConnectOptions, disconnect } from './events/connect.ts';
export { type EventArgs, type EventMapOfEmitter, type EventName, eventOf } from './events/emitter.ts';
export { type EmitterClass, emits } from './events/emits.ts';
export { type AnyEvent, type Event, event, type HandlerPoint } from './events/event.ts';
export {
  addEvent,
  type EventMap,
  type EventMapOf,
  eventNames,
  Events,
  events,
  type HasEventMap,
  type MapOfEvents,
  type UntypedEvents,
} from './events/events.ts';
export type { Link, Listener, ListenOptions } from './events/link.ts';
export { eventToSlotName, type SlotName } from './events/names.ts';
export type { NextOptions } from './events/next.ts';
export type { EventStream, StreamOptions } from './events/stream.ts';
export { SyncEvent, type SyncEventResult } from './events/sync-event.ts';

export { EventLoop, type EventLoopEvents, type EventLoopOptions, type LoopOverflow } from './loop/event-loop.ts';
export { forwards, type ForwardingSlots, type ForwardingSlotsByName } from './loop/forwards.ts';
export { getEventLoop, hasEventLoop, setEventLoop } from './loop/owner.ts';
export { type Slot, slot } from './loop/slot.ts';
export type { SlotCall } from './loop/slot-call.ts';
export { Worker } from './loop/worker.ts';

export type { OverflowPolicy, QueueOptions } from './queue/bounded-queue.ts';

export type {
  ContractPeerOptions,
  DurableName,
  FlushOptions,
  PeerOptions,
  StartOptions,
  SubscriptionOptions,
  WaitOptions,
} from './peer/options.ts';
export { Peer } from './peer/peer.ts';
export type { LeaveReason, RemotePeer } from './peer/presence.ts';
export type { Ask, Handler, RequestOptions, Requests, Served } from './peer/requests.ts';
export type {
  ContractMismatch,
  FailedRequest,
  Gap,
  InvalidFrame,
  PeerStatus,
  PublishOverflow,
  Undelivered,
} from './peer/status.ts';
// Under a name of its own, too: for the declarations of packages that export what they made with `new Peer(…)`.
export type { Peer as PeerInterface, PeerOf, PeerParts, Publish } from './peer/types.ts';
export type { Clock } from './stream/clock.ts';
export type { EventOutboxOptions, PublishPolicy } from './stream/log.ts';
export type { InvalidReason } from './wire/json-rpc.ts';
