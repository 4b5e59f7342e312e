// Crosses real sockets and prints what arrived as one line of JSON, or the code and message of the error.
// Arguments: the two addresses.
import process from 'node:process';
import { MrEventLoopError } from 'mreventloop';
import { crossing } from './crossing.ts';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await crossing(inAddress, outAddress)));
} catch (error) {
  if (!(error instanceof MrEventLoopError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
