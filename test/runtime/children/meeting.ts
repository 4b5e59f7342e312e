// Two peers meet at a broker of another process and print what arrived as one line of JSON.
// Arguments: the two addresses.
import process from 'node:process';
import { meeting } from './crossing.ts';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
console.log(JSON.stringify(await meeting(inAddress, outAddress)));
