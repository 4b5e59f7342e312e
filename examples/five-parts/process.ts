// A part in a process of its own. Arguments: its name, and the address of a broker or of NATS.
import { takePart } from './part.ts';

const [name = '', address = ''] = process.argv.slice(2);
await takePart(name, address);
