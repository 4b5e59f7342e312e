import {
  type Amount,
  type Figures,
  measureLosses,
  measureRequests,
  measureRoundTrips,
  measureStart,
  measureThroughput,
  measureToPage,
  SIMPLE,
} from './measure.ts';
import type { Measurement } from './measurement.ts';
import type { Traffic } from './role.ts';
import {
  moleculer,
  moleculerDirect,
  mqtt,
  mreventloop,
  mreventloopTcp,
  mreventloopToPage,
  nats,
  redis,
  socketIo,
  socketIoToPage,
  python,
  type System,
  unixSocket,
  zeromq,
} from './systems.ts';

/** A system in one of the forms in which it can be used. */
interface Contender {
  readonly name: string;
  readonly system: System;
  /** How many events go into a frame, where that can be chosen. */
  readonly batch?: number;
  /** What part of the events it is given, so that a slow one takes no longer than the others. */
  readonly part?: number;
}

const OURS: Contender = { name: 'mreventloop', system: mreventloop };
const OURS_TCP: Contender = { name: 'mreventloop, tcp', system: mreventloopTcp };
const NATS: Contender = { name: 'nats', system: nats };
const ZEROMQ: Contender = { name: 'zeromq', system: zeromq };
const BATCHED: Contender = { name: 'zeromq, 100 a frame', system: zeromq, batch: 100 };
const UNBATCHED: Contender = { name: 'zeromq, 1 a frame', system: zeromq, part: 0.2 };
const UNIX_SOCKET: Contender = { name: 'Unix socket', system: unixSocket };
const REDIS: Contender = { name: 'ioredis', system: redis, part: 0.4 };
const MQTT: Contender = { name: 'MQTT.js', system: mqtt, part: 0.2 };
const SOCKET_IO: Contender = { name: 'Socket.IO', system: socketIo, part: 0.2 };
const MOLECULER: Contender = { name: 'Moleculer over NATS', system: moleculer };
const MOLECULER_DIRECT: Contender = { name: 'Moleculer without a broker', system: moleculerDirect };

/** What reaches pages. */
const pages: readonly Contender[] = [
  { name: 'mreventloop', system: mreventloopToPage },
  { name: 'Socket.IO', system: socketIoToPage, part: 0.2 },
];
const PYTHON: Contender = { name: 'Python', system: python };

/** What answers requests. */
const servers: readonly Contender[] = [OURS, OURS_TCP, NATS, SOCKET_IO, MOLECULER, MOLECULER_DIRECT];
/** What passes on events. */
const buses: readonly Contender[] = [OURS, NATS, REDIS, MQTT, SOCKET_IO, BATCHED, UNBATCHED];

/** Larger payloads in smaller numbers. */
export const sizes: readonly (readonly [title: string, size: number, count: number])[] = [
  ['16 B', 16, 1_000_000],
  ['64 B', 64, 1_000_000],
  ['1 kB', 1_000, 400_000],
  ['64 kB', 64_000, 8_000],
];
/** Events a second beside the round trips: half of what raw zeromq.js can do without batches. */
const HALF_LOAD = 50_000;
/** With fewer, nothing is lost at times. */
const LOSSES: Amount = { warmUp: 0, count: 20_000 };

const names = (count: number): string[] => Array.from({ length: count }, (_, number) => `tick${number}`);
/** Where there are many events, a connection each and two processes of subscribers, as the machine has two cores. */
const SELECTIVE: Partial<Traffic> = { names: names(100), subscribers: 2, divided: true };

/** All that crosses processes. @param scale - what part of the usual numbers is measured */
export function acrossProcesses(missing: ReadonlyMap<System, string>, scale: number): Measurement[] {
  const amount = (count: number, part = 1): Amount => {
    // What 100 events in turn, and batches of 100, can be divided into.
    const rounded = Math.ceil((count * part * scale) / 1000) * 1000;
    // With a tenth before, what was measured of eight publishers was how long the engine takes to compile their code.
    return { warmUp: rounded, count: rounded };
  };
  const make = (work: string, { name, system }: Contender, measure: () => Promise<Figures>): Measurement => ({
    name: `${work}: ${name}`,
    seconds: 5,
    missing: missing.get(system),
    measure,
  });
  const throughput = (work: string, contenders: readonly Contender[], count: number, traffic: Partial<Traffic>) =>
    contenders.map((contender) => {
      const { system, batch = 1, part } = contender;
      const all = { ...SIMPLE, batch, ...traffic };
      return make(work, contender, () => measureThroughput(system, all, amount(count, part)));
    });
  const roundTrips = (work: string, contenders: readonly Contender[], load: number) =>
    contenders.map((contender) =>
      make(work, contender, () =>
        // What is due is sent at once, in one frame where that is possible.
        measureRoundTrips(contender.system, { ...SIMPLE, batch: 100 }, amount(20_000), load),
      ),
    );
  const requests = (contenders: readonly Contender[], count: number, concurrent: number) =>
    contenders.map((contender) => {
      const { system, part } = contender;
      return make(`requests, ${concurrent} at once`, contender, () =>
        measureRequests(system, { ...SIMPLE, concurrent }, amount(count, part)),
      );
    });

  return [
    ...sizes.flatMap(([title, size, count]) =>
      [1, 4].flatMap((different) =>
        throughput(`${title}${different === 1 ? '' : `, ${different} events`}`, buses, count, {
          size,
          names: names(different),
        }),
      ),
    ),
    ...[1, 4].map((different) =>
      make(`64 B${different === 1 ? '' : ', 4 events'}`, PYTHON, () =>
        measureLosses(python, { ...SIMPLE, names: names(different) }, LOSSES),
      ),
    ),
    ...throughput('64 B, 2 events', [OURS, OURS_TCP, NATS], 1_000_000, { names: names(2) }),
    ...throughput('fan-out to 8', buses, 400_000, { subscribers: 8 }),
    ...throughput('fan-in of 8', buses, 300_000, { publishers: 8 }),
    // A frame with events for several subscribers would have to be divided by the relay.
    ...throughput('100 peers', [OURS, NATS, REDIS, MQTT, SOCKET_IO, UNBATCHED], 400_000, SELECTIVE),
    ...pages.map((contender) =>
      make('to Chromium', contender, () => measureToPage(contender.system, SIMPLE, amount(400_000, contender.part))),
    ),
    ...roundTrips('round trip', [OURS, OURS_TCP, NATS, ZEROMQ, UNIX_SOCKET], 0),
    ...roundTrips('round trip at half load', [OURS, OURS_TCP, NATS, ZEROMQ], HALF_LOAD),
    ...requests(servers, 10_000, 1),
    ...requests(servers, 100_000, 100),
    ...[OURS, OURS_TCP, NATS, REDIS, MQTT, SOCKET_IO, MOLECULER, ZEROMQ, UNIX_SOCKET].map((contender) =>
      make('start', contender, () => measureStart(contender.system)),
    ),
  ];
}
