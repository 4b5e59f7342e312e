export { Spy } from './spy.ts';
