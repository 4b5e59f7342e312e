/** What is aimed at across processes, beside which rival. */
import { sizes } from './across.ts';
import type { Aim } from './report.ts';

const aim = (quantity: string, work: string, to: string, bound: Partial<Aim> = {}): Aim => ({
  quantity,
  of: `${work}: mreventloop`,
  to: to.includes(': ') ? to : `${work}: ${to}`,
  ...bound,
});

const besideAll = (quantity: string, work: string, rivals: readonly string[]): Aim[] =>
  rivals.map((rival) => aim(quantity, work, rival));

const works = sizes.flatMap(([title]) => [title, `${title}, 4 events`]);
const fans = ['fan-out to 8', 'fan-in of 8'];

export const acrossAims: readonly Aim[] = [
  ...works.flatMap((work) => [
    aim('events/s', work, 'nats', work.startsWith('64 B') ? { atLeast: 3 } : {}),
    aim('events/s', work, 'zeromq, 100 a frame', { atLeast: 0.7 }),
    aim('CPU s/M clients', work, 'nats', { atMost: 1 }),
    aim('MB publisher', work, 'nats', { atMost: 1 }),
    aim('MB subscriber', work, 'nats', { atMost: 1 }),
  ]),
  ...fans.map((work) => aim('events/s', work, 'nats', { atLeast: 2 })),
  ...[...works, ...fans].flatMap((work) =>
    besideAll('events/s', work, ['ioredis', 'MQTT.js', 'Socket.IO', 'zeromq, 1 a frame']),
  ),
  ...besideAll('events/s', 'fan-out to 8', ['zeromq, 100 a frame']),
  ...besideAll('events/s', 'fan-in of 8', ['zeromq, 100 a frame']),
  aim('events/s', '64 B', 'Python'),
  // A cost that does not depend on how many others there are.
  aim('CPU s/M', '100 peers', '64 B: mreventloop', { atMost: 1.2 }),
  ...besideAll('CPU s/M', '100 peers', ['nats', 'zeromq, 1 a frame']),
  aim('events/s', 'to Chromium', 'Socket.IO', { atLeast: 3 }),
  ...['round trip', 'round trip at half load'].flatMap((work) => [
    aim('median µs', work, 'zeromq', { atMost: 1.1 }),
    aim('median µs', work, 'nats'),
    aim('p99 µs', work, 'nats', { atMost: 1 }),
  ]),
  aim('median µs', 'round trip', 'Unix socket'),
  ...['nats', 'Socket.IO', 'Moleculer over NATS', 'Moleculer without a broker'].flatMap((name) => [
    aim('median µs', 'requests, 1 at once', name, { atMost: 1 }),
    aim('requests/s', 'requests, 100 at once', name, { atLeast: 1 }),
  ]),
  aim('ms', 'start', 'zeromq', { atMostMore: 50 }),
  ...besideAll('ms', 'start', ['nats', 'ioredis', 'MQTT.js', 'Socket.IO']),
];
