// A part in the tab of a browser: the broker has a door for WebSockets at the server that the page came from.
import { takePart } from './part.ts';

const { location } = globalThis as unknown as { location: { host: string } };
await takePart('tab', `ws://${location.host}/events`);
