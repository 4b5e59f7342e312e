// Two peers meet at a broker of another process and print what arrived as one line of JSON.
// Argument: the address.
import process from 'node:process';
import { meeting } from './crossing.ts';

const [address = ''] = process.argv.slice(2);
console.log(JSON.stringify(await meeting(address, address)));
